"""What is foretold against what simulated tests took."""

import numpy as np
import pytest

from dlcodegen_core.experiments.e_process import Interval, log_evidence
from dlcodegen_core.experiments.planning import answers_needed, blocks_more, blocks_more_until_alike
from dlcodegen_core.experiments.simulation import endings


@pytest.mark.parametrize("chance", [0.5, 0.8])
@pytest.mark.parametrize(("first", "second"), [(0.1, 0.2), (0.3, 0.4), (0.5, 0.6)])
def test_a_plan_comes_true(first, second, chance):
    ended = np.sort(endings(first, second, 400, 1500, seed=3))
    taken = ended[int(chance * 400)]
    assert answers_needed(first, second, chance=chance)[0] == pytest.approx(taken, rel=0.2)


def test_uneven_traffic_needs_more_of_the_busy_arm():
    busy, other = answers_needed(0.3, 0.4, sizes=(4, 1))
    assert busy == 4 * other
    assert other < answers_needed(0.3, 0.4)[1] < busy


def test_larger_differences_take_fewer_answers():
    needed = [answers_needed(0.3, second)[0] for second in (0.35, 0.4, 0.5, 0.7)]
    assert needed == sorted(needed, reverse=True)


@pytest.mark.parametrize(("first", "second"), [(0.3, 0.3), (0.3, 0.3001), (0, 0), (1, 1)])
def test_nobody_waits_for_a_difference_that_is_none(first, second):
    assert answers_needed(first, second) is None


def test_rates_at_the_ends_can_be_planned_for():
    assert answers_needed(0, 1)[0] < 20


def test_what_is_still_needed_shrinks_to_nothing():
    gains = np.array([1.0, 0.0, 1.0, -1.0, 0.0] * 200)
    more = [blocks_more(gains[:count]) for count in (20, 100, 200)]
    assert more == sorted(more, reverse=True)
    enough = int(np.argmax(log_evidence(gains) >= np.log(20)))
    assert more[0] == pytest.approx(enough - 20, rel=0.3)
    assert blocks_more(gains) == 0


@pytest.mark.parametrize("gains", [[], [0.0] * 50, [1.0, -1.0] * 30])
def test_without_a_difference_nobody_can_say(gains):
    assert blocks_more(np.array(gains)) is None


def test_alike_needs_four_times_the_answers_for_half_the_width():
    assert blocks_more_until_alike(Interval(0, -0.1, 0.1), 100, 0.05) == 300
    assert blocks_more_until_alike(Interval(0.06, -0.1, 0.2), 100, 0.05) is None
