"""Shares: nobody gives more than the others unless these have no more."""

from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.data.cutting.shares import Draws, even_shares, spread

AMOUNTS = st.lists(st.integers(0, 50), max_size=12)


def test_small_ones_give_all_and_large_ones_the_same() -> None:
    assert even_shares([2, 100, 50, 5], 27, [0, 1, 2, 3]) == [2, 10, 10, 5]


def test_what_does_not_go_round_comes_from_those_that_are_first() -> None:
    assert even_shares([9, 9, 9], 4, [2, 1, 0]) == [1, 1, 2]


@given(AMOUNTS, st.integers(0, 300))
def test_shares_add_up_and_are_level(amounts: list[int], total: int) -> None:
    shares = even_shares(amounts, total, range(len(amounts)))
    assert sum(shares) == min(total, sum(amounts))
    for amount, share in zip(amounts, shares, strict=True):
        assert 0 <= share <= amount
        assert share == amount or share >= max(shares) - 1


@given(st.lists(st.integers()), st.integers(0, 20), st.integers(0, 2**64))
def test_a_spread_takes_as_many_as_wanted_and_leaves_the_others(items: list[int], count: int, offset: int) -> None:
    taken, left = spread(items, count, offset)
    assert len(taken) == min(count, len(items))
    assert sorted(taken + left) == sorted(items)


def test_a_spread_reaches_over_all_items() -> None:
    assert spread(range(100), 4, 10)[0] == [2, 27, 52, 77]


def test_draws_depend_on_seed_path_and_occasion_alone() -> None:
    assert Draws(0, "a.py").number(5) == Draws(0, "a.py").number(5) == 11641466554652223128
    others = {Draws(1, "a.py").number(5), Draws(0, "b.py").number(5), Draws(0, "a.py").number(6)}
    assert len(others | {Draws(0, "a.py").number(5)}) == 4
    assert 0 <= Draws(0, "a.py").below("x", 3) < 3
