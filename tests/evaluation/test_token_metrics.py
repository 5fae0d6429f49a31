"""Calibration by hand."""

import numpy as np
import pytest

from dlcodegen_core.evaluation.token_metrics import expected_calibration_error


def test_sure_and_right_is_calibrated():
    assert expected_calibration_error(np.array([1.0, 1.0]), np.array([True, True])) == 0


def test_sure_and_wrong_is_all_error():
    assert expected_calibration_error(np.array([1.0, 1.0]), np.array([False, False])) == 1


def test_bins_are_weighted_by_their_samples():
    confidence = np.array([0.9, 0.9, 0.9, 0.1])
    hits = np.array([True, True, False, False])
    assert expected_calibration_error(confidence, hits) == pytest.approx(0.75 * abs(0.9 - 2 / 3) + 0.25 * 0.1)
