"""Predictors that copy: what followed the last tokens earlier in the same text, or in passages found to resemble it.

For every place of a text the length of its match with the end of the text is kept, and moved on by one comparison a
token: nothing is searched again while a completion grows.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.evidence import NUMBERS_PER_ORDER, Evidence, nothing, weigh

PROMPT_ORDERS = (1, 2, 3, 4, 6, 8, 12)
NEIGHBOUR_ORDERS = (1, 2, 3, 4, 6)
LONGEST_MATCH = 12
RECENT_TOKENS = 1000.0  # after so many tokens a sighting counts 1/e
MEMORY_TOKENS = 4096  # of the prompt are looked back at

Ints = NDArray[np.int64]
Lengths = NDArray[np.int64]

_PROMPT_LEVELS = np.searchsorted(PROMPT_ORDERS, np.arange(LONGEST_MATCH + 1), side="right") - 1
_NEIGHBOUR_LEVELS = np.searchsorted(NEIGHBOUR_ORDERS, np.arange(LONGEST_MATCH + 1), side="right") - 1


def match_lengths(text: Ints, ending: Ints) -> Lengths:
    """For each position of `text`: how many tokens before it equal those at the end of `ending`, at most 12."""
    lengths = np.zeros(len(text), np.int64)
    going_on = np.ones(len(text), bool)
    for back in range(1, min(LONGEST_MATCH, len(ending), len(text)) + 1):
        equal = np.zeros(len(text), bool)
        equal[back:] = text[: len(text) - back] == ending[-back]
        going_on &= equal
        lengths += going_on
    return lengths


def _moved_on(text: Ints, lengths: Lengths, token: int) -> Lengths:
    """The match lengths after `token`, one position more than `text` had."""
    longer = np.zeros(len(text) + 1, np.int64)
    longer[1:] = np.where(text == token, np.minimum(lengths + 1, LONGEST_MATCH), 0)
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

    def evidence(self) -> Evidence:
        """What followed the end of the text earlier in it; what is near counts more."""
        places = self.lengths.nonzero()[0]
        weights = np.exp((places - len(self.tokens)) / RECENT_TOKENS)
        return weigh(self.tokens[places], weights, _PROMPT_LEVELS[self.lengths[places]], self.experts)


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

    def evidence(self) -> Evidence:
        """What followed the end of the text in the passages."""
        places = ((self.lengths > 0) & (self.tokens >= 0)).nonzero()[0]
        if not len(places):
            return nothing(self.experts)
        levels = _NEIGHBOUR_LEVELS[self.lengths[places]]
        return weigh(self.tokens[places], self.weights[places], levels, self.experts)
