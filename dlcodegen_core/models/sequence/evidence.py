"""What a predictor says about the next token: how it shares its belief among tokens, and how sure it may be.

A predictor counts what followed the last k tokens, for several orders k at once; each order is an expert of its own
for the gate. Four numbers an order tell the gate what it rests on: whether there is anything, how many sightings,
the share of the most frequent token, and how many different tokens were seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NUMBERS_PER_ORDER = 4
COUNT_SCALE = 0.3
DISTINCT_SCALE = 0.3

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Entry i says: the expert `experts[i]` gives `tokens[i]` the share `shares[i]`; the shares of an expert add up
    to 1, or it has no entry at all.

    numbers: shape (orders * 4,), what the gate sees.
    """

    experts: Ints
    tokens: Ints
    shares: Floats
    numbers: Floats

    def share_of(self, token: int, experts: int) -> Floats:
        """What each of `experts` experts gives `token`, shape (experts,)."""
        hit = self.tokens == token
        return np.bincount(self.experts[hit], self.shares[hit], experts).astype(np.float32)


def nothing(experts: int) -> Evidence:
    """A predictor that has seen nothing of the kind."""
    empty = np.zeros(0, np.int64)
    return Evidence(empty, empty, np.zeros(0, np.float32), np.zeros(experts * NUMBERS_PER_ORDER, np.float32))


def numbers_of(counts: NDArray[np.float64], tops: NDArray[np.float64], distinct: NDArray[np.float64]) -> Floats:
    """The four numbers of each order, shape (…, orders, 4); zeros where nothing was counted."""
    seen = counts > 0
    numbers = np.stack(
        [seen, COUNT_SCALE * np.log1p(counts), tops, DISTINCT_SCALE * np.log(np.maximum(distinct, 1))], axis=-1
    )
    return np.where(seen[..., None], numbers, 0).astype(np.float32)


def weigh(next_tokens: Ints, weights: NDArray[np.float64], levels: Ints, orders: int) -> Evidence:
    """Evidence from sightings: each has its next token, a weight, and the highest order (0-based) it speaks for.

    A sighting of a long match is one of all shorter matches too.
    """
    if not len(next_tokens):
        return nothing(orders)
    tokens, place = np.unique(next_tokens, return_inverse=True)
    width = len(tokens)
    table = np.bincount(levels * width + place, weights, orders * width).reshape(orders, width)
    table = table[::-1].cumsum(0)[::-1]
    counts = np.bincount(levels, minlength=orders)[::-1].cumsum()[::-1]
    totals = table.sum(1)
    shares = table / np.maximum(totals, 1e-12)[:, None]
    experts, columns = np.nonzero(table > 0)
    numbers = numbers_of(counts.astype(np.float64), shares.max(1), (table > 0).sum(1).astype(np.float64))
    return Evidence(experts, tokens[columns], shares[experts, columns].astype(np.float32), numbers.ravel())


def join(parts: Sequence[Evidence], orders: Sequence[int]) -> Evidence:
    """The evidence of several predictors side by side; orders: how many experts each of them is."""
    offsets = np.cumsum([0, *orders[:-1]])
    return Evidence(
        np.concatenate([part.experts + offset for part, offset in zip(parts, offsets, strict=True)]),
        np.concatenate([part.tokens for part in parts]),
        np.concatenate([part.shares for part in parts]),
        np.concatenate([part.numbers for part in parts]),
    )
