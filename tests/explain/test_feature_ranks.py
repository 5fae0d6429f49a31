"""Where a number stands among those of the training samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import percentileofscore

from dlcodegen_core.explain.feature_ranks import percentile
from dlcodegen_core.features.layout import AST, DIMENSIONS, SYNTAX
from dlcodegen_core.models.training_features import TrainingFeatures
from tests.explain.trained_model import PAIRS, Trained


def _ranks_of(samples: list[float], values: list[float]) -> list[float]:
    """The ranks of some values among the samples of one dimension."""
    spread = TrainingFeatures.of(np.repeat(np.array(samples, np.float32)[:, np.newaxis], DIMENSIONS, axis=1))
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[: len(values)] = values
    return percentile(spread, vector)[: len(values)].tolist()


def test_ranks_run_from_0_to_100() -> None:
    hundred = [float(number) for number in range(101)]
    assert _ranks_of(hundred, [-5, 0, 25, 50, 52.5, 99, 100, 105]) == pytest.approx([0, 0, 25, 50, 52.5, 99, 100, 100])


def test_equal_samples_count_half() -> None:
    # A word that three quarters of the samples lack.
    samples = [0.0] * 75 + [0.5] * 25
    missing, rare, seen = _ranks_of(samples, [0.0, 0.25, 0.5])
    assert missing == pytest.approx(75 / 2, abs=2.5)
    assert rare == pytest.approx(75, abs=5)
    assert seen == pytest.approx(75 + 25 / 2, abs=2.5)


def test_a_dimension_that_never_varied_puts_its_one_value_in_the_middle() -> None:
    assert _ranks_of([1.0] * 7, [0.9, 1.0, 1.1]) == [0, 50, 100]


def test_one_sample_is_enough() -> None:
    assert _ranks_of([0.5], [0.0, 0.5, 1.0]) == [0, 50, 100]


def test_scipy_finds_the_same_within_the_step_between_two_quantiles() -> None:
    random = np.random.default_rng(4)
    samples = np.where(random.random((900, DIMENSIONS)) < 0.4, 0, random.gamma(2, size=(900, DIMENSIONS)))
    samples = samples.astype(np.float16).astype(np.float32)
    vector = samples[17]
    expected = [percentileofscore(samples[:, column], vector[column], kind="mean") for column in range(DIMENSIONS)]
    np.testing.assert_allclose(percentile(TrainingFeatures.of(samples), vector), expected, atol=5)


@given(
    st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=40),
    st.lists(st.floats(-200, 200, width=32), min_size=2, max_size=20),
)
def test_a_larger_number_never_ranks_lower(samples: list[float], values: list[float]) -> None:
    ranks = _ranks_of(samples, sorted(values))
    assert ranks == sorted(ranks)
    assert ranks[0] >= 0 and ranks[-1] <= 100


def test_the_training_samples_themselves_stand_in_the_middle_on_average(trained: Trained) -> None:
    vectors: NDArray[np.float32] = trained.model.pipeline.transform([p.prompt for p in PAIRS], ["python"] * len(PAIRS))
    ranks = np.array([percentile(trained.training, vector) for vector in vectors])
    np.testing.assert_allclose(ranks.mean(axis=0), 50, atol=5)


def test_code_unlike_the_training_samples_stands_at_the_ends(trained: Trained) -> None:
    strange = "class A:\n" + "".join(f"    def f{n}(self):\n        while x:\n            y = [1]\n" for n in range(9))
    ranks = percentile(trained.training, trained.model.pipeline.transform([strange], ["python"])[0])
    assert np.count_nonzero(ranks[AST.start : SYNTAX.columns.stop] == 100) > 5
