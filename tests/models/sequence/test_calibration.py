"""Confidence from probability."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.models.sequence.calibration import Calibration, fit_calibration


def test_without_lines_the_probability_itself_is_the_confidence():
    assert fit_calibration([], []) == Calibration(1.0, 0.0, 0)
    assert Calibration().confidence(math.log(0.3)) == pytest.approx(0.3)


def test_an_overconfident_model_is_corrected():
    rng = np.random.default_rng(0)
    chances = rng.uniform(0.05, 0.95, 4000)
    right = rng.random(4000) < chances / 2
    fitted = fit_calibration(np.log(chances).tolist(), right.tolist())
    for chance in (0.3, 0.6, 0.9):
        assert fitted.confidence(math.log(chance)) == pytest.approx(chance / 2, abs=0.06)


@given(st.lists(st.tuples(st.floats(-40, 0), st.booleans()), max_size=30), st.floats(-1e3, 0))
def test_a_confidence_lies_between_0_and_1_and_never_falls_with_the_probability(lines, log_probability):
    fitted = fit_calibration([chance for chance, _right in lines], [right for _chance, right in lines])
    assert 0 <= fitted.confidence(log_probability) <= fitted.confidence(log_probability / 2) <= 1
