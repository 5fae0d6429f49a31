"""Predictor: what followed the last tokens in the training source, for orders 1 to 12."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.evidence import NUMBERS_PER_ORDER, Evidence, numbers_of
from dlcodegen_core.models.sequence.suffix_array import LONGEST_CONTEXT, SuffixArray, contexts_of

ORDERS = (1, 2, 3, 4, 5, 6, 8, 12)
SIGHTINGS = 1024  # an order seen more often is sampled evenly
LOOKED_AT = 32  # sightings that tell the gate how much the order agrees with itself

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class CorpusCounts:
    """Counts over a suffix array. Immutable."""

    experts = len(ORDERS)
    numbers = len(ORDERS) * NUMBERS_PER_ORDER

    def __init__(self, source: SuffixArray) -> None:
        self._source = source

    def evidence(self, contexts: Sequence[Sequence[int]]) -> Evidence:
        """What followed the end of each context, its latest token last."""
        low, high = np.zeros((2, len(contexts), self.experts), np.int64)
        for row, context in enumerate(contexts):
            for order, span in enumerate(self._source.find(context[-LONGEST_CONTEXT:], ORDERS)):
                low[row, order], high[row, order] = span
        counts = high - low
        tops, distinct = self._agreement(low.ravel(), high.ravel())
        numbers = numbers_of(
            counts.astype(np.float64), tops.reshape(counts.shape), distinct.reshape(counts.shape)
        ).reshape(len(contexts), self.numbers)
        sizes = np.minimum(counts, SIGHTINGS)
        rows, experts = np.nonzero(sizes)
        size = sizes[rows, experts]
        which = np.repeat(np.arange(len(size)), size)  # of the ranges that are not empty, for each sighting
        nth = np.arange(len(which)) - np.repeat(np.cumsum(size) - size, size)
        places = low[rows, experts][which] + nth * counts[rows, experts][which] // size[which]
        shares = (1 / size.astype(np.float32))[which]
        return Evidence(rows[which], experts[which], self._source.next_tokens(places), shares, numbers)

    def along(self, files: Sequence[Ints]) -> tuple[Floats, Floats]:
        """For every token of all files, from the tokens before it in its file: each expert's share of it, shape
        (n, experts), and the numbers for the gate, shape (n, numbers).

        A context together with its token is counted as the longer context one position on, so this needs no lists
        of sightings.
        """
        longer = sorted({*ORDERS, *(k + 1 for k in ORDERS)})
        lows, highs = self._source.find_all(np.concatenate([contexts_of(file) for file in files]), longer)
        # A file of n tokens has n + 1 contexts: before each token, and at the end.
        starts = np.concatenate([np.ones(len(file) + 1, bool) for file in files])
        ends = np.cumsum([len(file) + 1 for file in files]) - 1
        starts[ends] = False
        before = np.flatnonzero(starts)
        row = {k: number for number, k in enumerate(longer)}
        own = [row[k] for k in ORDERS]
        low, high = lows[own][:, before], highs[own][:, before]
        seen = high - low
        with_token = (highs - lows)[[row[k + 1] for k in ORDERS]][:, before + 1]
        shares = (with_token / np.maximum(seen, 1)).T
        tops, distinct = self._agreement(low.ravel(), high.ravel())
        numbers = numbers_of(seen.T.astype(float), tops.reshape(seen.shape).T, distinct.reshape(seen.shape).T)
        return shares.astype(np.float32), numbers.reshape(len(before), self.numbers)

    def _agreement(self, low: Ints, high: Ints) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The share of the most frequent token and the number of different ones among a few sightings of each range."""
        size = high - low
        places = low[:, None] + np.arange(LOOKED_AT) * np.maximum(size, 1)[:, None] // LOOKED_AT
        tokens = np.sort(self._source.next_tokens(np.minimum(places, len(self._source))), axis=1)
        new = np.ones(tokens.shape, bool)
        new[:, 1:] = tokens[:, 1:] != tokens[:, :-1]
        run_start = np.maximum.accumulate(np.where(new, np.arange(LOOKED_AT), 0), axis=1)
        top = (np.arange(LOOKED_AT) - run_start).max(axis=1) + 1
        return np.where(size > 0, top / LOOKED_AT, 0.0), np.minimum(new.sum(axis=1), size).astype(np.float64)
