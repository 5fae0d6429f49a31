"""What the Predict page says of a confidence, by what the card keeps."""

from dataclasses import replace

import numpy as np

from dlcodegen_core.models.temperature import as_metrics, calibrate
from pages._predict.reliability import told
from tests.explain.test_retraining import FIRST


def card(metrics):
    return replace(FIRST, metrics=metrics)


def too_sure(right):
    """40 samples of 40 files, of which `right` of every four are what the network is very sure of."""
    logits = np.tile([0.0, 0.0, 6.0, 0.0], (40, 1))
    return calibrate(logits, np.array([2 if place % 4 < right else 3 for place in range(40)]), list(range(40)))


def test_a_calibrated_one_is_told_with_its_error_before_and_after():
    found = too_sure(right=2)
    said = told(card(as_metrics(found)))
    assert f"{found.reliability.error_after:.1%} on average, and was by {found.reliability.error_before:.1%}" in said
    assert "40 held-out samples" in said


def test_where_no_temperature_helps_the_error_is_told():
    assert "no temperature betters that" in told(card({**as_metrics(too_sure(right=2)), "temperature": 1.0}))


def test_a_version_that_was_never_measured_promises_nothing():
    assert "before confidences were measured" in told(card({}))
    assert "fewer than 10 samples" in told(card(as_metrics(None)))
