"""Beam search against exhaustive search, and its rules."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcodegen_core.models.decoding import beam_search
from dlcodegen_core.models.vocabulary import END, UNKNOWN, Vocabulary

VOCABULARY = Vocabulary(["a", "b", "c"])


def model(seed):
    """Log-probabilities that depend on the whole text so far."""

    def step(texts):
        rows = []
        for text in texts:
            logits = np.random.default_rng([seed, *text.encode()]).normal(size=len(VOCABULARY)) * 2
            rows.append(logits - np.log(np.exp(logits).sum()))
        return np.array(rows)

    return step


def exhaustive(step, length):
    """Every completion of at most `length` tokens with its log-probability."""
    found = {}
    for size in range(length + 1):
        for tokens in itertools.product(range(2, len(VOCABULARY)), repeat=size):
            text, score = "", 0.0
            for number in tokens:
                score += float(step([text])[0][number])
                text += VOCABULARY.text_of(number)
            if size < length:
                score += float(step([text])[0][END])
            found[text] = score
    return found


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_a_beam_of_full_width_is_exhaustive_search(seed):
    best = exhaustive(model(seed), 3)
    beams = beam_search(model(seed), VOCABULARY, width=200, max_tokens=3)
    assert {beam.text: pytest.approx(beam.score) for beam in beams} == best


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5))
def test_the_beams_come_best_first_and_no_more_than_the_width(seed, width):
    beams = beam_search(model(seed), VOCABULARY, width, max_tokens=3)
    assert [beam.score for beam in beams] == sorted((beam.score for beam in beams), reverse=True)
    assert 1 <= len(beams) <= width


def always(*probabilities, vocabulary=VOCABULARY):
    row = np.log(np.array(probabilities))
    return lambda texts: np.stack([row] * len(texts)), vocabulary


def test_unknown_is_never_offered_and_its_probability_goes_to_nobody():
    step, vocabulary = always(0.9, 0.02, 0.05, 0.02, 0.01)
    best = beam_search(step, vocabulary, 3, 1)[0]
    assert best.text == "a"
    assert math.exp(best.score) == pytest.approx(0.05)
    assert UNKNOWN not in [vocabulary.class_of(token) for token in best.tokens]


def test_a_stop_string_cuts_the_completion():
    step, vocabulary = always(0.01, 0.01, 0.96, 0.01, 0.01, vocabulary=Vocabulary(["x;y", "b", "c"]))
    assert beam_search(step, vocabulary, 1, 5, stop=(";",))[0].text == "x"


def test_blank_tokens_are_not_counted_but_do_not_go_on_for_ever():
    step, vocabulary = always(0.01, 0.01, 0.96, 0.01, 0.01, vocabulary=Vocabulary(["\n", "b", "c"]))
    assert beam_search(step, vocabulary, 1, 2)[0].text == "\n" * 6


def test_the_end_ends_it():
    step, vocabulary = always(0.01, 0.96, 0.01, 0.01, 0.01)
    best = beam_search(step, vocabulary, 2, 5)[0]
    assert (best.text, best.done) == ("", True)
