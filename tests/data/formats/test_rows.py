"""Rows as pairs, whatever file they come from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.data.formats.rows import pairs_of, shortened
from dlcodegen_core.data.pairs import Pair, problem_of

CHOSEN = {"prompt": "p", "target": "t", "line": "at", "commit": "sha"}
values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.lists(st.integers())


def read(*values: object) -> tuple[list[Pair], list[tuple[int, str]]]:
    told: list[tuple[int, str]] = []
    pairs = list(pairs_of([(7, list(values))], CHOSEN, lambda number, problem: told.append((number, problem))))
    return pairs, told


def test_each_value_goes_to_the_field_that_its_column_was_chosen_for() -> None:
    assert read("a", "b", 3, "0a1b") == ([Pair("a", "b", line=3, commit="0a1b")], [])


@pytest.mark.parametrize(
    ("value", "line"),
    [(12, 12), ("12", 12), (" 12 ", 12), (12.0, 12), ("12.0", 12), (None, None), ("", None), (float("nan"), None)],
)
def test_a_line_number_is_read_as_programs_write_it(value: object, line: int | None) -> None:
    assert read("a", "b", value, None) == ([Pair("a", "b", line=line)], [])


@pytest.mark.parametrize("value", ["x", "1.5", 1.5, True, float("inf"), "9" * 5_000, "٣", [3]])
def test_what_is_no_line_number_is_told(value: object) -> None:
    pairs, ((number, problem),) = read("a", "b", value, None)
    assert (pairs, number) == ([], 7)
    assert problem.startswith("at is ")
    assert len(problem) < 150


@pytest.mark.parametrize("value", [-1, 2**31, "3000000000"])
def test_a_line_number_out_of_range_is_told(value: object) -> None:
    assert read("a", "b", value, None)[1][0][1].startswith("line is ")


@given(st.tuples(values, values, values, values))
def test_any_values_become_a_pair_that_keeps_the_rules_or_are_told(row: tuple[object, ...]) -> None:
    pairs, told = read(*row)
    assert len(pairs) + len(told) == 1
    assert [problem_of(pair) for pair in pairs] == [""] * len(pairs)


def test_a_shortened_text_ends_with_an_ellipsis_and_others_stay() -> None:
    assert shortened("x" * 60) == "x" * 60
    assert shortened("x" * 61) == "x" * 59 + "…"
    assert (shortened(None), shortened(1.5)) == ("", "1.5")
