"""What each group gave: fair shares of everything that the prompt changed."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from captum.attr import ShapleyValues
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from dlcodegen_core.explain.group_shapley import coalitions, group_pushes, shapley_values
from dlcodegen_core.features.layout import DIMENSIONS, GROUPS, KEYWORDS
from tests.explain.trained_model import Trained, prompt


@pytest.fixture
def features(trained: Trained) -> NDArray[np.float32]:
    return trained.model.pipeline.transform([prompt("piano", "open")], ["python"])[0]


@pytest.fixture
def baseline(trained: Trained) -> NDArray[np.float32]:
    return trained.training.mean.astype(np.float32)


def _close(trained: Trained) -> int:
    return trained.model.vocabulary.class_of("close")


def _over_all_orders(players: int, worth: Callable[[frozenset[int]], float]) -> list[float]:
    """Shapley's own definition: what a player adds when it arrives, averaged over all orders of arrival."""
    values = [0.0] * players
    for order in itertools.permutations(range(players)):
        for place, player in enumerate(order):
            before = frozenset(order[:place])
            values[player] += (worth(before | {player}) - worth(before)) / math.factorial(players)
    return values


def test_the_glove_game_is_shared_as_the_textbook_has_it() -> None:
    # One has a left glove, two have a right one; only a pair is worth anything.
    present = coalitions(3)
    worth = (present[:, 0] & (present[:, 1] | present[:, 2])).astype(np.float64)
    assert shapley_values(worth) == pytest.approx([4 / 6, 1 / 6, 1 / 6])


@given(arrays(np.float64, 16, elements=st.floats(-50, 50)))
def test_any_game_is_shared_as_the_average_over_all_orders(worth: NDArray[np.float64]) -> None:
    expected = _over_all_orders(4, lambda members: float(worth[sum(1 << player for player in members)]))
    found = shapley_values(worth)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert found.sum() == pytest.approx(worth[-1] - worth[0], abs=1e-9)


def test_the_groups_share_all_that_the_prompt_changed(
    trained: Trained, features: NDArray[np.float32], baseline: NDArray[np.float32]
) -> None:
    number = _close(trained)
    pushes = group_pushes(trained.model.network, features, baseline, number)
    ends = trained.model.network.log_probabilities(np.stack([baseline, features]))[:, number]
    assert [push.name for push in pushes] == [group.name for group in GROUPS]
    assert sum(push.shapley for push in pushes) == pytest.approx(float(ends[1]) - float(ends[0]), abs=1e-5)
    assert sum(push.share for push in pushes) == pytest.approx(1)


def test_captum_finds_the_same_on_the_same_weights(
    trained: Trained, features: NDArray[np.float32], baseline: NDArray[np.float32]
) -> None:
    number = _close(trained)
    mask = torch.zeros(1, DIMENSIONS, dtype=torch.long)
    for player, group in enumerate(GROUPS):
        mask[:, group.columns] = player
    authority = ShapleyValues(lambda rows: trained.network(rows).log_softmax(dim=1))
    with torch.inference_mode():
        expected = authority.attribute(
            torch.from_numpy(features)[None], torch.from_numpy(baseline)[None], target=number, feature_mask=mask
        )[0]
    found = group_pushes(trained.model.network, features, baseline, number)
    for push, group in zip(found, GROUPS, strict=True):
        assert push.shapley == pytest.approx(float(expected[group.start]), abs=2e-4)


def test_ablation_is_the_fall_when_one_group_alone_is_replaced(
    trained: Trained, features: NDArray[np.float32], baseline: NDArray[np.float32]
) -> None:
    number = _close(trained)
    pushes = group_pushes(trained.model.network, features, baseline, number)
    for push, group in zip(pushes, GROUPS, strict=True):
        replaced = features.copy()
        replaced[group.columns] = baseline[group.columns]
        values = trained.model.network.log_probabilities(np.stack([features, replaced]))[:, number]
        assert push.ablation == pytest.approx(float(values[0] - values[1]), abs=1e-5)


def test_a_group_that_holds_what_the_baseline_holds_gets_nothing(
    trained: Trained, features: NDArray[np.float32], baseline: NDArray[np.float32]
) -> None:
    features = features.copy()
    features[KEYWORDS.columns] = baseline[KEYWORDS.columns]
    keywords = group_pushes(trained.model.network, features, baseline, _close(trained))[1]
    assert (keywords.shapley, keywords.ablation, keywords.share) == pytest.approx((0, 0, 0), abs=1e-6)


def test_the_baseline_itself_has_nothing_to_share(trained: Trained, baseline: NDArray[np.float32]) -> None:
    pushes = group_pushes(trained.model.network, baseline, baseline, _close(trained))
    assert [(push.shapley, push.share) for push in pushes] == [(0, 0)] * len(GROUPS)
