"""What is told as settled while a line is searched for is the beginning of what is found, and grows."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.models.sequence.line_search import Hypothesis, SearchOptions, search
from dlcodegen_core.models.sequence.settled_text import SettledText
from dlcodegen_core.models.sequence.tokenizer import CodeTokenizer
from tests.models.sequence.test_line_search import KnownModel, Place

TOKENIZER = CodeTokenizer.train(["ab\n", "é ü"], 512)


class Reciting:
    """Says one text, token by token, whatever was asked."""

    tokenizer = TOKENIZER

    def __init__(self, tokens: list[int]) -> None:
        self._tokens = tokens

    def begin(self, _tokens, _readings=(), _suffix=None):
        return Place(((),))

    def probabilities(self, place):
        rows = np.full((len(place), len(TOKENIZER)), 1e-9, np.float32)
        for row, text in enumerate(place.texts):
            rows[row, self._tokens[len(text) % len(self._tokens)]] = 0.99
        return rows

    def advance(self, place, picked, tokens):
        return Place(tuple((*place.texts[beam], token) for beam, token in zip(picked, tokens, strict=True)))


def told_and_found(model, options: SearchOptions) -> tuple[list[str], str]:
    told: list[str] = []
    found = search(model, "", options, on_step=SettledText(options, told.append))
    return told, found.hypotheses[0].text


def assert_grows_into(told: list[str], text: str) -> None:
    assert all(later.startswith(earlier) and later != earlier for earlier, later in itertools.pairwise(told))
    assert text.startswith(told[-1] if told else "")


@given(
    st.lists(st.integers(0, len(TOKENIZER) - 1), min_size=1, max_size=12),
    st.lists(st.text("ab\né", min_size=1, max_size=4), max_size=3),
    st.integers(1, 80),
)
def test_nothing_that_was_told_is_taken_back(tokens: list[int], stop: list[str], max_tokens: int) -> None:
    told, text = told_and_found(Reciting(tokens), SearchOptions(max_tokens, 1, tuple(stop)))
    assert_grows_into(told, text)


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_beams_and_samples_tell_only_what_the_best_of_them_begins_with(width, temperature, seed) -> None:
    options = SearchOptions(12, width, ("\n",), temperature, seed=seed)
    told: list[str] = []
    found = search(KnownModel(), "", options, on_step=SettledText(options, told.append))
    for hypothesis in found.hypotheses:
        assert hypothesis.text.startswith(told[-1] if told else "")


def test_greedy_text_is_told_piece_by_piece() -> None:
    word = [int(token) for token in TOKENIZER.encode("ab a b\n")]
    told, text = told_and_found(Reciting(word), SearchOptions(40, 1, ("\n",)))
    assert text == "ab a b"
    assert len(told) > 2


def test_what_may_begin_a_stop_string_is_kept_back() -> None:
    settled = SettledText(SearchOptions(stop=("\n\n", "end")), print)
    assert settled.of(Hypothesis((b"a\n",), (1,))) == "a"
    assert settled.of(Hypothesis((b"a\n", b"b en"), (1, 2))) == "a\nb "
    assert settled.of(Hypothesis((b"a\n",), (1,), (), ended=True)) == "a\n"


def test_half_a_character_is_kept_back() -> None:
    settled = SettledText(SearchOptions(), print)
    assert settled.of(Hypothesis(("é".encode()[:1],), (1,))) == ""
    assert settled.of(Hypothesis(("é".encode()[:1], "é".encode()[1:]), (1, 2))) == "é"


def test_a_circle_that_may_close_is_kept_back() -> None:
    settled = SettledText(SearchOptions(max_tokens=64), print)
    assert settled.of(Hypothesis((b"a", b"b", b"a", b"b"), (1, 2, 1, 2))) == "ab"
    soon_over = SettledText(SearchOptions(max_tokens=5), print)
    assert soon_over.of(Hypothesis((b"a", b"b", b"a", b"b"), (1, 2, 1, 2))) == "abab"
