"""How far two ways to the same logits are apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlcodegen_core.export.parity import Parity, ParityMeter

LOGITS = np.array([[1.0, 3.0], [-4.0, 2.0]], np.float32)


def _measured(*batches):
    meter = ParityMeter()
    for batch in batches:
        meter.add(*batch)
    return meter.result()


def test_equal_logits_are_no_distance_apart():
    assert _measured((LOGITS, LOGITS)) == Parity(2, 0.0, 4.0, 1.0)


def test_batches_add_up_to_what_they_are_together():
    other = LOGITS + np.array([[0.5, 0.0], [0.0, -7.0]], np.float32)
    parity = _measured((LOGITS, other))
    assert parity == Parity(2, 7.0, 4.0, 0.5)
    assert parity.relative_difference == 7 / 4
    assert _measured((LOGITS[:1], other[:1]), (LOGITS[1:], other[1:])) == parity


@pytest.mark.parametrize("side", [0, 1])
def test_what_is_no_number_is_infinitely_far(side):
    broken = LOGITS.copy()
    broken[0, 0] = np.nan
    pair = [LOGITS, LOGITS]
    pair[side] = broken
    assert _measured(pair, (LOGITS, LOGITS)).max_difference == np.inf


def test_logits_of_nothing_but_zero_have_a_distance():
    zeros = np.zeros((1, 2), np.float32)
    assert _measured((zeros, zeros + 1)).relative_difference == 1


def test_nothing_compared_is_no_result():
    with pytest.raises(ValueError, match="nothing was compared"):
        ParityMeter().result()


@given(arrays(np.float32, (5, 3), elements=st.floats(-100, 100, width=32)), st.floats(0, 1, width=32))
def test_a_shift_of_all_logits_is_the_difference_and_changes_no_choice(logits, shift):
    parity = _measured((logits, logits + np.float32(shift)))
    assert parity.max_difference == pytest.approx(shift, abs=1e-4)
