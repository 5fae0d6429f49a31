"""Beam search over a model whose every probability is known, against looking at all texts there are."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pytest

from dlcodegen_core.models.sequence.line_ranker import FEATURES, features_of, rank_lines, repeats_line_before
from dlcodegen_core.models.sequence.line_search import Hypothesis, SearchOptions, search
from dlcodegen_core.models.sequence.tokenizer import CodeTokenizer

TOKENIZER = CodeTokenizer.train(["ab\n"], 512)
A, B, NEWLINE = (int(TOKENIZER.encode(text)[0]) for text in ("a", "b", "\n"))
LETTERS = (A, B)


@dataclass(frozen=True)
class Place:
    """What was typed so far, of each beam."""

    texts: tuple[tuple[int, ...], ...]
    reading: None = None

    def __len__(self) -> int:
        return len(self.texts)


class KnownModel:
    """Gives a, b and the newline chances that depend on everything before."""

    tokenizer = TOKENIZER

    def chances(self, text: tuple[int, ...]) -> dict[int, float]:
        weights = np.random.default_rng([7, *text]).random(3) + 0.05
        a, b, end = weights / weights.sum()
        return {A: a, B: b, NEWLINE: end}

    def begin(self, _tokens, _readings=(), _suffix=None):
        return Place(((),))

    def probabilities(self, place):
        rows = np.zeros((len(place), len(TOKENIZER)), np.float32)
        for row, text in enumerate(place.texts):
            for token, chance in self.chances(text).items():
                rows[row, token] = chance
        return rows

    def advance(self, place, picked, tokens):
        return Place(tuple((*place.texts[beam], token) for beam, token in zip(picked, tokens, strict=True)))


def all_lines(longest: int) -> dict[str, float]:
    """Every line of at most `longest` letters, with its probability, the end included."""
    model, found = KnownModel(), {}
    for size in range(longest + 1):
        for text in itertools.product(LETTERS, repeat=size):
            chance = math.prod(model.chances(text[:place])[token] for place, token in enumerate(text))
            found[TOKENIZER.decode(text)] = chance * model.chances(text)[NEWLINE]
    return found


def find(**options):
    return search(KnownModel(), "", SearchOptions(stop=("\n",), **options)).hypotheses


def test_a_search_wide_enough_finds_what_looking_at_everything_finds():
    expected = all_lines(3)
    found = [line for line in find(width=64, max_tokens=4, length_penalty=0.0) if line.ended and len(line.tokens) <= 3]
    best = max(expected, key=lambda text: expected[text])
    assert found[0].text == best
    for line in found:
        if len(line.text) <= 3:
            assert math.exp(line.log_probability) == pytest.approx(expected[line.text], rel=1e-4)


def test_greedy_takes_the_likeliest_token_each_time():
    text: tuple[int, ...] = ()
    model = KnownModel()
    while (token := max(model.chances(text), key=lambda token: model.chances(text)[token])) != NEWLINE:
        text = (*text, token)
        if len(text) == 12:
            break
    assert [line.text for line in find(width=1, max_tokens=12)] == [TOKENIZER.decode(text)]


def test_no_line_is_offered_twice_and_none_holds_the_stop():
    texts = [line.text for line in find(width=4, max_tokens=8)]
    assert len(texts) == len(set(texts))
    assert not any("\n" in text for text in texts)


def test_samples_of_one_seed_are_the_same_and_as_many_as_asked():
    drawn = [[line.text for line in find(width=5, max_tokens=6, temperature=1.0, seed=3)] for _time in range(2)]
    assert drawn[0] == drawn[1]
    assert 1 <= len(drawn[0]) <= 5


def test_a_search_that_is_cancelled_returns_what_it_has():
    found = search(KnownModel(), "", SearchOptions(stop=("\n",)), cancelled=lambda: True)
    assert [line.text for line in found.hypotheses] == [""]


def line(text: str, *log_probabilities: float) -> Hypothesis:
    return Hypothesis(tuple(bytes([byte]) for byte in text.encode()), (), log_probabilities, True)


def test_a_line_that_others_agree_with_goes_before_a_likelier_one_that_stands_alone():
    alone = line("pass", -1.5)
    family = [line(f"return self.value_{end}", -0.5, -0.5, -0.7) for end in "abc"]
    assert rank_lines([alone, *family])[0] in family


@pytest.mark.parametrize(
    ("prompt", "completion", "repeats"),
    [
        ("    self.x = x\n    ", "self.x = x", True),
        ("    self.x = x\n\n    self.", "x = x", True),
        ("    self.x = x\n    ", "self.y = y", False),
        ("\n\n", "", False),
        ("x", "", False),
    ],
)
def test_a_line_that_says_again_what_the_one_before_says_is_told(prompt, completion, repeats):
    assert repeats_line_before(prompt, completion) is repeats


def test_ranking_keeps_every_line_and_one_or_none_as_it_is():
    lines = [line("a", -1.0), line("b", -2.0), line("", -3.0)]
    assert sorted(rank_lines(lines), key=id) == sorted(lines, key=id)
    assert rank_lines(lines[:1]) == lines[:1]
    assert rank_lines([]) == []


def test_the_numbers_of_a_line_are_those_by_hand():
    numbers = features_of([line("ab", -1.0, -1.0, -2.0), line("", -4.0)])
    assert numbers.shape == (2, len(FEATURES))
    shares = np.exp([0.0, 0.0])
    assert numbers[0, [0, 3]].tolist() == [-4.0, -2.0]
    assert numbers[0, 1] == pytest.approx(-4 / math.sqrt(3))
    assert numbers[0, 2] == pytest.approx(shares[0] / shares.sum())  # like itself, and not like the empty line
    assert numbers[0, 4] == pytest.approx(math.log(3))
