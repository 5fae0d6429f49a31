"""What a predictor says about the next token at several places: how it shares its belief, and how sure it may be.

A predictor counts what followed the last k tokens, for several orders k at once; each order is an expert of its own
for the gate. Four numbers an order tell the gate what it rests on: whether there is anything, how many sightings,
the share of the most frequent token, and how many different tokens were seen.

Places are rows, and all of them are worked out at once: the beams of a search, or a stretch of a file.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NUMBERS_PER_ORDER = 4
COUNT_SCALE = 0.3
DISTINCT_SCALE = 0.3
_TOKEN_BITS = 17  # a row and its token in one number; tokenizers stay below 2 ** 16

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Entry i says: at row `rows[i]` the expert `experts[i]` gives `tokens[i]` the share `shares[i]`. The shares of an
    expert at a row add up to 1, or it has no entry there at all.

    numbers: shape (rows, orders * 4), what the gate sees.
    """

    rows: Ints
    experts: Ints
    tokens: Ints
    shares: Floats
    numbers: Floats

    def shares_of(self, tokens: Ints, experts: int) -> Floats:
        """What each of `experts` experts gives the token of each row, shape (rows, experts)."""
        hit = self.tokens == tokens[self.rows]
        place = self.rows[hit] * experts + self.experts[hit]
        flat = np.bincount(place, self.shares[hit], len(tokens) * experts)
        return flat.reshape(len(tokens), experts).astype(np.float32)

    def mixed(self, trust: Floats, vocabulary: int) -> NDArray[np.float64]:
        """The shares under each row's trust in the experts, added up by token, shape (rows, vocabulary)."""
        weights = trust[self.rows, self.experts] * self.shares
        flat = np.bincount(self.rows * vocabulary + self.tokens, weights, len(trust) * vocabulary)
        return np.asarray(flat, np.float64).reshape(len(trust), vocabulary)


def numbers_of(counts: NDArray[np.float64], tops: NDArray[np.float64], distinct: NDArray[np.float64]) -> Floats:
    """The four numbers of each order, shape (…, orders, 4); zeros where nothing was counted."""
    seen = counts > 0
    numbers = np.stack(
        [seen, COUNT_SCALE * np.log1p(counts), tops, DISTINCT_SCALE * np.log(np.maximum(distinct, 1))], axis=-1
    )
    return np.where(seen[..., None], numbers, 0).astype(np.float32)


def weigh(
    rows: Ints, next_tokens: Ints, weights: NDArray[np.float64], levels: Ints, orders: int, count: int
) -> Evidence:
    """Evidence from sightings: each has its row (of `count`), its next token, a weight, and the highest order
    (0-based) it speaks for. A sighting of a long match is one of all shorter matches too.
    """
    keys, place = np.unique((rows << _TOKEN_BITS) | next_tokens, return_inverse=True)
    width = len(keys)
    table = np.bincount(levels * width + place, weights, orders * width).reshape(orders, width)
    table = table[::-1].cumsum(0)[::-1]
    seen = np.bincount(levels * count + rows, minlength=orders * count).reshape(orders, count)
    seen = seen[::-1].cumsum(0)[::-1]
    row_of = keys >> _TOKEN_BITS
    begins = np.flatnonzero(np.diff(row_of, prepend=-1))
    here = row_of[begins]  # the rows that have any sighting
    totals, highest, distinct = (np.zeros((orders, count)) for _number in range(3))
    if width:
        totals[:, here] = np.add.reduceat(table, begins, axis=1)
        highest[:, here] = np.maximum.reduceat(table, begins, axis=1)
        distinct[:, here] = np.add.reduceat(table > 0, begins, axis=1, dtype=np.float64)
    totals = np.maximum(totals, 1e-12)
    experts, columns = np.nonzero(table > 0)
    shares = table[experts, columns] / totals[experts, row_of[columns]]
    numbers = numbers_of(seen.T.astype(np.float64), (highest / totals).T, distinct.T)
    return Evidence(
        row_of[columns],
        experts,
        keys[columns] & ((1 << _TOKEN_BITS) - 1),
        shares.astype(np.float32),
        numbers.reshape(count, orders * NUMBERS_PER_ORDER),
    )


def join(parts: Sequence[Evidence], orders: Sequence[int]) -> Evidence:
    """The evidence of several predictors about the same rows side by side; orders: how many experts each of them is."""
    offsets = np.cumsum([0, *orders[:-1]])
    return Evidence(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.experts + offset for part, offset in zip(parts, offsets, strict=True)]),
        np.concatenate([part.tokens for part in parts]),
        np.concatenate([part.shares for part in parts]),
        np.concatenate([part.numbers for part in parts], axis=1),
    )
