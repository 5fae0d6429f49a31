"""Confidence beside the share that was right, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.models.reliability import expected_calibration_error, reliability_bins


def test_reliability_bins_by_hand() -> None:
    bins = reliability_bins([0.05, 0.92, 0.98, 1.0], [False, True, False, True])
    assert [part.count for part in bins] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    assert (bins[0].share_of_hits, bins[1].share_of_hits) == (0, None)
    assert bins[9].share_of_hits == pytest.approx(2 / 3)
    assert bins[9].mean_confidence == pytest.approx(2.9 / 3)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_the_bins_add_up_to_the_expected_calibration_error(guesses: list[tuple[float, bool]]) -> None:
    confidence, hits = np.array([g[0] for g in guesses]), np.array([g[1] for g in guesses])
    bins = [part for part in reliability_bins(confidence, hits) if part.count]
    gaps = [abs(part.mean_confidence - part.share_of_hits) * part.count / len(guesses) for part in bins]
    assert sum(gaps) == pytest.approx(expected_calibration_error(confidence, hits))


def test_sure_and_right_is_calibrated() -> None:
    assert expected_calibration_error(np.array([1.0, 1.0]), np.array([True, True])) == 0


def test_sure_and_wrong_is_all_error() -> None:
    assert expected_calibration_error(np.array([1.0, 1.0]), np.array([False, False])) == 1


def test_bins_are_weighted_by_their_samples() -> None:
    confidence = np.array([0.9, 0.9, 0.9, 0.1])
    hits = np.array([True, True, False, False])
    assert expected_calibration_error(confidence, hits) == pytest.approx(0.75 * abs(0.9 - 2 / 3) + 0.25 * 0.1)
