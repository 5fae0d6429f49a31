"""Predictors that copy: what followed the last tokens earlier in the same text, or in passages found to resemble it.

For every place of a text the length of its match with the end of the text is kept, and moved on by one comparison a
token: nothing is searched again while a completion grows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.evidence import NUMBERS_PER_ORDER, Evidence, weigh

PROMPT_ORDERS = (1, 2, 3, 4, 6, 8, 12)
NEIGHBOUR_ORDERS = (1, 2, 3, 4, 6)
LONGEST_MATCH = 12
RECENT_TOKENS = 1000.0  # after so many tokens a sighting counts 1/e
MEMORY_TOKENS = 4096  # of the prompt are looked back at
STRETCH = 32  # tokens of a file that are worked out together, with one set of neighbours

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Lengths = NDArray[np.int8]

_PROMPT_LEVELS = np.searchsorted(PROMPT_ORDERS, np.arange(LONGEST_MATCH + 1), side="right") - 1
_NEIGHBOUR_LEVELS = np.searchsorted(NEIGHBOUR_ORDERS, np.arange(LONGEST_MATCH + 1), side="right") - 1


def match_lengths(text: Ints, ending: Ints) -> Lengths:
    """For each position of `text`: how many tokens before it equal those at the end of `ending`, at most 12."""
    lengths = np.zeros(len(text), np.int8)
    going_on = np.ones(len(text), bool)
    for back in range(1, min(LONGEST_MATCH, len(ending), len(text)) + 1):
        equal = np.zeros(len(text), bool)
        equal[back:] = text[: len(text) - back] == ending[-back]
        going_on &= equal
        if not going_on.any():
            break
        lengths += going_on
    return lengths


def _moved_on(text: Ints, lengths: Lengths, token: int) -> Lengths:
    """The match lengths after `token`, one position more than `text` had."""
    longer = np.zeros(len(text) + 1, np.int8)
    np.minimum(lengths + 1, LONGEST_MATCH, out=longer[1:], casting="unsafe", where=text == token)
    return longer


@dataclass(frozen=True, slots=True)
class PromptCopy:
    """The text so far and, for each of its positions, the match with its end. Immutable: `after` gives a new one."""

    tokens: Ints
    lengths: Lengths

    experts = len(PROMPT_ORDERS)
    numbers = len(PROMPT_ORDERS) * NUMBERS_PER_ORDER

    @classmethod
    def of(cls, tokens: Ints) -> "PromptCopy":
        recent = tokens[-MEMORY_TOKENS:]
        return cls(recent, match_lengths(recent, recent))

    def after(self, token: int) -> "PromptCopy":
        """The same text with one more token."""
        tokens, lengths = np.append(self.tokens, token), _moved_on(self.tokens, self.lengths, token)
        return PromptCopy(tokens[-MEMORY_TOKENS:], lengths[-MEMORY_TOKENS:])

    @classmethod
    def evidence(cls, texts: "Sequence[PromptCopy]") -> Evidence:
        """What followed the end of each text earlier in it; what is near counts more."""
        sightings = [
            (row, (places := text.lengths.nonzero()[0]), text.tokens[places], places - len(text.tokens), text.lengths)
            for row, text in enumerate(texts)
        ]
        rows = np.repeat(np.arange(len(texts)), [len(places) for _row, places, *_rest in sightings])
        return weigh(
            rows,
            np.concatenate([following for _row, _places, following, *_rest in sightings]),
            np.exp(np.concatenate([distance for *_some, distance, _lengths in sightings]) / RECENT_TOKENS),
            _PROMPT_LEVELS[np.concatenate([lengths[places] for _row, places, *_some, lengths in sightings])],
            cls.experts,
            len(texts),
        )


@dataclass(frozen=True, slots=True)
class NeighbourCopy:
    """Passages of the training source, each closed by a token that is none (-1). Immutable.

    weights: how much each position's passage resembles the prompt, the best 1.
    """

    tokens: Ints
    weights: NDArray[np.float64]
    lengths: Lengths

    experts = len(NEIGHBOUR_ORDERS)
    numbers = len(NEIGHBOUR_ORDERS) * NUMBERS_PER_ORDER

    @classmethod
    def of(cls, passages: list[tuple[Ints, float]], ending: Ints) -> "NeighbourCopy":
        """passages: tokens and weight of each; ending: the end of the text that is to be completed."""
        tokens = np.concatenate([np.zeros(0, np.int64), *(np.append(passage, -1) for passage, _weight in passages)])
        sizes = [len(passage) + 1 for passage, _weight in passages]
        weights = np.repeat(np.array([weight for _passage, weight in passages], np.float64), sizes)
        tokens = tokens.astype(np.int64)
        return cls(tokens, weights, match_lengths(tokens, ending))

    def after(self, token: int) -> "NeighbourCopy":
        """The same passages for a text with one more token."""
        return replace(self, lengths=_moved_on(self.tokens, self.lengths, token)[:-1])

    @classmethod
    def evidence(cls, texts: "Sequence[NeighbourCopy]") -> Evidence:
        """What followed the end of each text in its passages."""
        places = [((text.lengths > 0) & (text.tokens >= 0)).nonzero()[0] for text in texts]
        pairs = list(zip(texts, places, strict=True))
        return weigh(
            np.repeat(np.arange(len(texts)), [len(found) for found in places]),
            np.concatenate([text.tokens[found] for text, found in pairs]),
            np.concatenate([text.weights[found] for text, found in pairs]),
            _NEIGHBOUR_LEVELS[np.concatenate([text.lengths[found] for text, found in pairs])],
            cls.experts,
            len(texts),
        )


def copied_along(tokens: Ints, passages: Callable[[Ints], list[tuple[Ints, float]]]) -> tuple[Floats, Floats]:
    """For every token of a file, from the tokens before it: the share that each expert of both predictors gives it,
    shape (n, experts), and their numbers for the gate, shape (n, numbers).

    passages: finds the neighbours of a text; they are found anew for every stretch of 32 tokens, none for the first.
    """
    shares, numbers = [], []
    prompt, neighbours = PromptCopy.of(tokens[:0]), NeighbourCopy.of([], tokens[:0])
    for start in range(0, len(tokens), STRETCH):
        stretch = tokens[start : start + STRETCH]
        if start:
            neighbours = NeighbourCopy.of(passages(tokens[:start]), tokens[:start])
        prompts, found = [], []
        for token in stretch.tolist():
            prompts.append(prompt)
            found.append(neighbours)
            prompt, neighbours = prompt.after(token), neighbours.after(token)
        own, others = PromptCopy.evidence(prompts), NeighbourCopy.evidence(found)
        shares.append(
            np.concatenate(
                [own.shares_of(stretch, PromptCopy.experts), others.shares_of(stretch, NeighbourCopy.experts)], axis=1
            )
        )
        numbers.append(np.concatenate([own.numbers, others.numbers], axis=1))
    width, height = PromptCopy.experts + NeighbourCopy.experts, PromptCopy.numbers + NeighbourCopy.numbers
    return (
        np.concatenate([np.zeros((0, width), np.float32), *shares]),
        np.concatenate([np.zeros((0, height), np.float32), *numbers]),
    )
