"""The temperature of a confidence: found where it is known, honest about what it was not fitted on."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from dlcodegen_core.models.temperature import (
    HIGHEST,
    LOWEST,
    PRIOR_STRENGTH,
    as_metrics,
    calibrate,
    fit_temperature,
    reliability_of,
    temperature_of,
)
from dlcodegen_core.models.vocabulary import UNKNOWN

CLASSES = 12


def drawn(samples: int, temperature: float, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits, and classes drawn from their softmax at a temperature: the one that makes them honest."""
    numbers = np.random.default_rng(seed)
    logits = numbers.normal(0, 3, (samples, CLASSES))
    chances = np.exp(logits / temperature)
    chances /= chances.sum(axis=1, keepdims=True)
    classes = np.array([numbers.choice(CLASSES, p=row) for row in chances])
    return logits, classes


def objective(inverse: float, logits: NDArray[np.float64], classes: NDArray[np.int64]) -> float:
    scaled = logits * inverse
    normal = np.log(np.exp(scaled).sum(axis=1))
    return float((normal - scaled[np.arange(len(classes)), classes]).sum() + PRIOR_STRENGTH / 2 * (inverse - 1) ** 2)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_the_truth_was_drawn_at_is_found(temperature: float) -> None:
    assert fit_temperature(*drawn(3_000, temperature)) == pytest.approx(temperature, rel=0.07)


def test_it_is_where_scipy_finds_the_least_loss() -> None:
    logits, classes = drawn(200, 2.0)
    found = minimize_scalar(objective, bounds=(1 / HIGHEST, 1 / LOWEST), args=(logits, classes), method="bounded")
    assert fit_temperature(logits, classes) == pytest.approx(1 / found.x, rel=1e-3)


def test_a_few_samples_move_it_little() -> None:
    logits = np.array([[0.0, 0.0, 2.0]] * 3)
    assert 1 < fit_temperature(logits, np.array([1, 2, 2])) < 1.3


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.lists(st.floats(-1e4, 1e4), min_size=4, max_size=4), st.integers(0, 3)), min_size=1, max_size=20
    )
)
def test_it_is_a_number_in_its_range_whatever_comes(rows: list[tuple[list[float], int]]) -> None:
    logits, classes = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    assert LOWEST <= fit_temperature(logits, classes) <= HIGHEST


def test_cross_fitting_tells_a_smaller_error_of_a_network_that_was_too_sure() -> None:
    logits, classes = drawn(1_500, 3.0)
    found = calibrate(logits, classes, [number // 10 for number in range(1_500)])
    assert found is not None
    told = found.reliability
    assert found.temperature == pytest.approx(3.0, rel=0.1)
    assert told.samples == 1_500 and told.error_before > 0.2 and told.error_after < 0.05
    assert sum(one.count for one in told.before) == sum(one.count for one in told.after) == 1_500


def test_what_does_not_carry_over_to_other_files_is_not_applied() -> None:
    # One file is right whenever it is sure, the other never: what the one teaches is wrong about the other.
    logits = np.tile([0.0, 0.0, 4.0, 0.0], (40, 1))
    classes = np.array([2] * 20 + [3] * 20)
    found = calibrate(logits, classes, ["right"] * 20 + ["wrong"] * 20)
    assert found is not None and found.temperature == 1.0
    assert found.reliability.after == found.reliability.before
    # Fitted on both at once there would be one, and the same samples would praise it.
    assert fit_temperature(logits, classes) > 1.5


def test_the_unknown_token_is_never_the_best_and_never_a_hit() -> None:
    logits = np.zeros((20, 4))
    logits[:, UNKNOWN] = 9
    found = calibrate(logits, np.full(20, UNKNOWN), list(range(20)))
    assert found is not None
    assert all(one.share_of_hits in (0, None) for one in found.reliability.before)
    assert found.reliability.before[0].count == 20


@pytest.mark.parametrize(("samples", "files"), [(0, 0), (9, 9), (50, 1)])
def test_too_little_to_tell_leaves_the_confidence_as_it_is(samples: int, files: int) -> None:
    logits, classes = drawn(samples, 2.0)[0], np.zeros(samples, np.int64)
    found = calibrate(logits, classes, [number % max(files, 1) for number in range(samples)])
    assert found is None
    assert temperature_of(as_metrics(found)) == 1.0 and reliability_of(as_metrics(found)) is None


def test_a_card_keeps_both_and_gives_them_back() -> None:
    found = calibrate(*drawn(100, 2.0), list(range(100)))
    assert found is not None
    kept = json.loads(json.dumps(as_metrics(found)))
    assert temperature_of(kept) == found.temperature
    assert reliability_of(kept) == found.reliability


def test_versions_saved_before_have_temperature_1() -> None:
    assert temperature_of({}) == 1.0 and reliability_of({}) is None


@pytest.mark.parametrize("told", [0, -1, math.nan, math.inf, 1e9, "warm"])
def test_a_temperature_that_no_training_gives_is_refused(told: object) -> None:
    with pytest.raises(ValueError):
        temperature_of({"temperature": told})
