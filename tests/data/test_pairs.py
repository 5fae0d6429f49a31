"""The rules every pair must keep, and how their breach is told."""

import pytest

from dlcodegen_core.data.pairs import MAX_TEXT_CHARS, Pair, check_pairs, fingerprint, problem_of
from dlcodegen_core.errors import DatasetError

GOOD = Pair("def add(a, b):\n    ", "return a + b")


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        (Pair("", "x"), "prompt is empty"),
        (Pair("x", " \n\t"), "target is empty"),
        (Pair(None, "x"), "prompt is NoneType"),  # type: ignore[arg-type]
        (Pair("x", 7), "target is int"),  # type: ignore[arg-type]
        (Pair("x" * (MAX_TEXT_CHARS + 1), "x"), "prompt has 100,001 characters"),
        (Pair("x", "a\0b"), "target holds a NUL"),
        (Pair("\ud800", "x"), "prompt holds half of a character"),
        (Pair("x", "y", source="\udcff"), "source is"),
        (Pair("x", "y", line=2**70), "line is"),
    ],
)
def test_a_bad_pair_is_named_with_file_number_and_fault(pair: Pair, told: str) -> None:
    with pytest.raises(DatasetError, match=rf"^data\.json, pair 2: {told}"):
        check_pairs([GOOD, pair, GOOD], "data.json")


@pytest.mark.parametrize("text", ["مرحبا بالعالم", "👩‍👩‍👧", "a\r\nb", "e\u0301", "x" * MAX_TEXT_CHARS])
def test_any_other_text_is_fine(text: str) -> None:
    check_pairs([Pair(text, text)], "data.json")


def test_one_pairs_problem_is_told_without_a_file() -> None:
    assert problem_of(GOOD) == ""
    assert problem_of(Pair("é", "\udc80é")).startswith("target holds half of a character")
    assert problem_of(Pair("x", "y", suffix=" ")).startswith("suffix is empty")


def test_only_the_first_problems_are_told_and_the_rest_is_counted() -> None:
    with pytest.raises(DatasetError) as caught:
        check_pairs([Pair("", "x")] * 10, "data.json")
    assert "pair 3:" in str(caught.value)
    assert "pair 4:" not in str(caught.value)
    assert "and 7 more" in str(caught.value)


def test_a_list_without_pairs_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"data\.json: there is not a single pair"):
        check_pairs([], "data.json")


def test_the_fingerprint_tells_order_and_language_but_not_where_a_pair_came_from() -> None:
    other = Pair("b", "c")
    assert fingerprint([GOOD, other]) != fingerprint([other, GOOD])
    assert fingerprint([Pair("b", "c", "go")]) != fingerprint([other])
    assert fingerprint([Pair("b", "c", None, "file.py", 3)]) == fingerprint([other])


def test_the_fingerprint_knows_where_a_prompt_ends() -> None:
    assert fingerprint([Pair("ab", "c")]) != fingerprint([Pair("a", "bc")])
