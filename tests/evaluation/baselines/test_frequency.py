"""Counting baselines against counts by hand."""

import pytest

from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.evaluation.baselines.frequency import (
    LONGEST_GUESS_TOKENS,
    MostFrequentLine,
    MostFrequentNextToken,
)


def python(text: str, path: str = "a.py") -> SourceFile:
    return SourceFile(path, text, "python")


def test_the_most_frequent_line_is_guessed_with_its_share() -> None:
    system = MostFrequentLine([python("start = 0\n" + "value = compute()\n" * 3 + "value = other_one()\n")])
    guess = system.complete("anything")
    assert guess.text == "value = compute()"
    assert guess.confidence == pytest.approx(3 / 4)


def test_of_equally_frequent_lines_the_alphabetically_first_is_guessed() -> None:
    system = MostFrequentLine([python("start = 0\nvalue_b = 1\nvalue_a = 1\n")])
    assert system.complete("").text == "value_a = 1"


def test_tokens_follow_the_counted_bigrams_up_to_the_newline() -> None:
    # after "\n": b 2 of 3, c 1 of 3; after "b ": "+ " 2 of 2; after "+ ": x 1 of 2, y 1 of 2; after x: "\n" 1 of 1
    system = MostFrequentNextToken([python("a\nb + x\nb + y\nc")])
    guess = system.complete("zzz\n")
    assert guess.text == "b + x"
    assert guess.confidence == pytest.approx(2 / 3 * 1 * 1 / 2 * 1)


def test_an_unseen_token_is_followed_by_the_commonest_visible_one() -> None:
    system = MostFrequentNextToken([python("k k\nk k\nm\n")])
    guess = system.complete("unseen")
    assert guess.text.startswith("k")


def test_a_line_never_begins_with_a_newline() -> None:
    system = MostFrequentNextToken([python("\n\n\n\n\nvalue\n\n\n\n")])
    assert system.complete("a\n").text == "value"


def test_tokens_that_go_round_in_circles_are_cut() -> None:
    system = MostFrequentNextToken([python("\na,a,a,a,a,a,a,a,")])
    assert system.complete("\n").text == "a," * (LONGEST_GUESS_TOKENS // 2)


def test_without_a_token_nothing_is_guessed() -> None:
    assert MostFrequentNextToken([]).complete("a").text == ""
