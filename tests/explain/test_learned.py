"""Which rows were learned and which held out, told again as the training parted them."""

import pytest

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.split import split_pairs
from dlcodegen_core.data.store import PairRow
from dlcodegen_core.explain.learned import LearnedRows

PAIRS = [Pair(f"prompt {number}", "x = 1", source=f"{number % 8}.py", line=number + 1) for number in range(40)]
ROWS = [PairRow(100 + place, place + 1, pair) for place, pair in enumerate(PAIRS)]


def test_deepcodenets_sides_are_those_of_its_split() -> None:
    found = LearnedRows.by_pairs(ROWS, 0.25, 3)
    training, held_out = split_pairs(PAIRS, 0.25, 3)
    assert held_out
    assert found.learned == {100 + index for index in training}
    assert found.held_out == {100 + index for index in held_out}


def test_a_sequence_models_sides_are_its_files() -> None:
    found = LearnedRows.by_files(ROWS, {"3.py"})
    assert {found.side(100 + place) for place in range(3, 40, 8)} == {"held out"}
    assert len(found.held_out) == 5 and len(found.learned) == 35


def test_pairs_without_a_file_and_a_line_are_texts_of_their_own() -> None:
    rows = [PairRow(1, 1, Pair("a", "b")), PairRow(2, 2, Pair("a", "b", source="f.py")), PairRow(3, 3, Pair("c", "d"))]
    assert LearnedRows.by_files(rows, {"pair 1", "f.py#2"}).held_out == {1, 2}


@pytest.mark.parametrize(("row", "side"), [(1, "learned"), (2, "held out"), (3, "not there")])
def test_a_row_that_came_later_was_not_there(row: int, side: str) -> None:
    assert LearnedRows(frozenset({1}), frozenset({2})).side(row) == side
