"""Beam search over code tokens. Knows no network: it asks a function for the next token's log-probabilities.

The score of a completion is the sum of its tokens' log-probabilities, so `exp(score)` is the model's own
probability of the text. Unknown is never offered; its probability is not given to the others either.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.features.code_tokens import is_blank
from dlcodegen_core.models.vocabulary import END, UNKNOWN, Vocabulary

# step(completions so far) -> log-probabilities of the next class, shape (len(completions), classes)
Step = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Beam:
    """A completion on its way: its text, its tokens and the sum of their log-probabilities."""

    text: str = ""
    tokens: tuple[str, ...] = ()
    score: float = 0.0
    done: bool = False

    @property
    def visible(self) -> int:
        """How many tokens show something on the page."""
        return sum(not is_blank(token) for token in self.tokens)


def beam_search(
    step: Step, vocabulary: Vocabulary, width: int, max_tokens: int, stop: Sequence[str] = ()
) -> list[Beam]:
    """The best `width` completions, best first, each of at most `max_tokens` visible tokens.

    A completion ends at the end class, before a stop string, or at max_tokens; blank tokens come along uncounted,
    at most two of them for each visible one.
    """
    beams = [Beam()]
    for _round in range(3 * max_tokens):
        live = [beam for beam in beams if not beam.done]
        if not live:
            break
        log_probabilities = step([beam.text for beam in live])
        grown = [beam for beam in beams if beam.done]
        for beam, row in zip(live, log_probabilities, strict=True):
            grown += _extensions(beam, row, vocabulary, width, max_tokens, stop)
        beams = _best(grown, width)
    return _best(beams, width)


def _extensions(
    beam: Beam, row: NDArray[np.float32], vocabulary: Vocabulary, width: int, max_tokens: int, stop: Sequence[str]
) -> list[Beam]:
    """The beam's own best continuations; no more than `width` of them can be among the best of all."""
    scores = row.astype(np.float64)
    scores[UNKNOWN] = -math.inf
    order = np.lexsort((np.arange(len(scores)), -scores))[:width]
    return [
        _extend(beam, int(number), float(scores[number]), vocabulary, max_tokens, stop)
        for number in order
        if scores[number] > -math.inf
    ]


def _extend(
    beam: Beam, number: int, log_probability: float, vocabulary: Vocabulary, max_tokens: int, stop: Sequence[str]
) -> Beam:
    score = beam.score + log_probability
    if number == END:
        return Beam(beam.text, beam.tokens, score, done=True)
    token = vocabulary.text_of(number)
    text = beam.text + token
    cut = min((position for mark in stop if (position := text.find(mark)) >= 0), default=None)
    if cut is not None:
        return Beam(text[:cut], (*beam.tokens, token), score, done=True)
    longer = Beam(text, (*beam.tokens, token), score)
    return Beam(text, longer.tokens, score, done=longer.visible >= max_tokens)


def _best(beams: Sequence[Beam], width: int) -> list[Beam]:
    """The highest scores first, one beam a text and state; ties go in alphabetical order."""
    ranked = sorted(beams, key=lambda beam: (-beam.score, beam.text))
    kept: dict[tuple[str, bool], Beam] = {}
    for beam in ranked:
        kept.setdefault((beam.text, beam.done), beam)
    return list(kept.values())[:width]
