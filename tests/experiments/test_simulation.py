"""Two thousand tests played through: they err as seldom as they promise, and end where there is a difference."""

import numpy as np
import pytest

from dlcodegen_core.experiments.simulation import endings, naive_endings

TESTS = 2000


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_without_a_difference_at_most_one_in_twenty_finds_one_though_it_is_always_looked_at(rate):
    assert (endings(rate, rate, TESTS, 1000, seed=5) > 0).mean() <= 0.05


def test_uneven_traffic_errs_no_more_often():
    assert (endings(0.3, 0.3, TESTS, 250, seed=5, sizes=(4, 1)) > 0).mean() <= 0.05


def test_a_difference_of_ten_points_is_found():
    ended = endings(0.3, 0.4, 500, 2000, seed=5)
    assert (ended > 0).mean() >= 0.99
    assert np.median(ended[ended > 0]) < 500


def test_a_z_test_looked_at_as_often_errs_far_more_often():
    assert (naive_endings(0.3, 0.3, 500, 1000, seed=5) > 0).mean() > 0.3
