"""The betting test: what it is by hand, what holds of it always, and that its limits hold what they promise."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.experiments.e_process import (
    MOST_IN_A_BLOCK,
    STAKES,
    block_gains,
    block_sizes,
    log_evidence,
    log_wealth,
    mean_interval,
)

SHARES = st.lists(st.floats(0, 1), max_size=60)


def test_the_kth_answer_of_one_arm_meets_the_kth_of_the_other():
    assert block_gains([1, 0, 1], [0, 0, 1, 1]).tolist() == [-1, 0, 0]


def test_a_busier_arm_is_compared_by_the_mean_of_its_block():
    assert block_gains([1, 0, 0, 0, 1, 1, 1, 1, 0], [1, 1], (4, 1)).tolist() == [0.75, 0]


@pytest.mark.parametrize(
    ("shares", "sizes"),
    [
        ((0.5, 0.5), (1, 1)),
        ((0.8, 0.2), (4, 1)),
        ((0.1, 0.9), (1, 9)),
        ((0.6, 0.4), (3, 2)),
        ((0.3, 0.7), (2, 5)),
        ((0.05, 0.95), (1, 19)),
    ],
)
def test_blocks_follow_the_traffic(shares, sizes):
    assert block_sizes(*shares) == sizes
    assert max(block_sizes(*shares)) <= MOST_IN_A_BLOCK


def test_the_evidence_is_what_all_gamblers_own_together():
    gains = np.array([1.0, -1.0, 1.0])
    owned = [math.prod(1 + side * stake * gain for gain in gains.tolist()) for side in (1, -1) for stake in STAKES]
    assert math.exp(log_evidence(gains)[-1]) == pytest.approx(sum(owned) / len(owned))


def test_a_pair_without_a_difference_moves_no_money():
    assert log_evidence(np.zeros(5)).tolist() == pytest.approx([0] * 5)


def test_on_average_nobody_gains_from_a_fair_pair():
    """Over all that can happen in four pairs with equal rates, weighed by its chance, the e-value is 1."""
    rate, mean = 0.3, 0.0
    for number in range(4**4):
        outcomes = [(number >> place) & 1 for place in range(8)]
        chance = math.prod(rate if hit else 1 - rate for hit in outcomes)
        mean += chance * math.exp(log_evidence(block_gains(outcomes[:4], outcomes[4:]))[-1])
    assert mean == pytest.approx(1)


@given(SHARES, SHARES)
def test_the_arms_can_be_swapped(first, second):
    assert log_evidence(block_gains(first, second)) == pytest.approx(log_evidence(block_gains(second, first)))


@given(SHARES, SHARES)
def test_nobody_is_ever_ruined(first, second):
    gains = block_gains(first, second)
    assert all(np.isfinite(log_wealth(gains, side)).all() for side in (1, -1))


def test_many_tests_are_reckoned_at_once_as_each_alone():
    gains = np.random.default_rng(0).integers(-1, 2, (3, 40)).astype(float)
    assert np.allclose(log_evidence(gains), [log_evidence(row) for row in gains])


def test_without_values_a_mean_may_be_anything():
    assert mean_interval([], -1, 1, 0.05).low == -1
    assert mean_interval([], -1, 1, 0.05).high == 1


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=60))
def test_limits_lie_around_the_mean_and_within_the_range(values):
    found = mean_interval(values, -1, 1, 0.05)
    assert -1 <= found.low <= found.mean <= found.high <= 1


def test_limits_draw_nearer_with_more_answers():
    widths = [
        found.high - found.low for times in (10, 100, 1000) for found in (mean_interval([1, 0, 0] * times, 0, 1, 0.05),)
    ]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.1


def test_a_value_outside_the_range_is_refused():
    with pytest.raises(ValueError, match=r"give values in 0\.\.1"):
        mean_interval([0.5, 1.5], 0, 1, 0.05)


def test_where_the_evidence_is_enough_no_difference_is_out_of_the_limits():
    gains = np.array([1.0, 0.0, 1.0, 1.0, -1.0] * 12)
    assert log_evidence(gains, 1)[-1] > math.log(2 / 0.05)
    assert mean_interval(gains, -1, 1, 0.05).low > 0


def test_the_limits_hold_the_truth_at_all_times_at_once():
    """100 streams, each looked at 10 times: the share that ever leaves the limits stays below 5 %."""
    left = 0
    for seed in range(100):
        values = np.random.default_rng(seed).random(400) < 0.3
        looks = (mean_interval(values[:count], 0, 1, 0.05) for count in range(40, 401, 40))
        left += any(not look.low <= 0.3 <= look.high for look in looks)
    assert left / 100 <= 0.05
