"""Finds passages of the training source that resemble the text at hand, by the rare tokens they share.

The source is cut into overlapping windows of 64 tokens; a window scores the summed rarity (idf) of the tokens it
shares with the query, damped by how much rarity it holds in all. Tokens that stand in more than an eighth of the
windows say nothing and are left out.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WINDOW = 64
STRIDE = 32
FOLLOWING = 96  # tokens read on after a window, since what is wanted comes after what resembles
PASSAGES = 16
QUERY_TOKENS = 96
LEAST_RARITY = 2.0
BLOCK = 64

Ints = NDArray[np.int64]


class NeighbourIndex:
    """An inverted index from tokens to windows. Immutable."""

    def __init__(self, tokens: NDArray[np.uint16], vocabulary_size: int) -> None:
        self._tokens = tokens
        self._starts = np.arange(0, max(1, len(tokens) - WINDOW), STRIDE)
        windows = len(self._starts)
        inside = np.minimum(self._starts[:, None] + np.arange(WINDOW), len(tokens) - 1)
        pairs = tokens[inside].astype(np.int64) * windows + np.arange(windows)[:, None]
        pairs = np.sort(pairs.ravel())
        pairs = pairs[np.concatenate([[True], np.diff(pairs) > 0])]
        token, window = np.divmod(pairs, windows)
        frequency = np.bincount(token, minlength=vocabulary_size)
        rarity = np.maximum(np.log((windows + 1) / (frequency + 0.5)), 0)
        # With few windows no token is rare; then every token that is not everywhere counts.
        least = min(LEAST_RARITY, 0.5 * float(rarity.max(initial=0)))
        self._rarity = np.where((rarity >= least) & (rarity > 0), rarity, 0).astype(np.float32)
        held = np.sqrt(np.bincount(window, self._rarity[token] ** 2, windows))
        self._damping = (1 / np.sqrt(held + 1e-6)).astype(np.float32)
        self._windows = window.astype(np.int32)
        self._first = np.concatenate([[0], np.cumsum(frequency)])

    def passages(self, query: Sequence[int] | Ints) -> list[tuple[Ints, float]]:
        """The best passages for the end of `query`, their scores relative to the best's; none if nothing is shared."""
        wanted = np.unique(np.asarray(query[-QUERY_TOKENS:], np.int64))
        wanted = wanted[self._rarity[wanted] > 0]
        scores = np.zeros(len(self._starts), np.float32)
        for token in wanted.tolist():
            found = self._windows[self._first[token] : self._first[token + 1]]
            scores[found] += self._rarity[token] ** 2
        scores *= self._damping
        best = _highest(scores, PASSAGES)
        best = best[scores[best] > 0]
        best = best[np.lexsort((best, -scores[best]))]
        return [
            (self._passage(int(self._starts[window])), float(scores[window] / scores[best[0]]))
            for window in best.tolist()
        ]

    def _passage(self, start: int) -> Ints:
        return self._tokens[start : start + WINDOW + FOLLOWING].astype(np.int64)


def _highest(scores: NDArray[np.float32], count: int) -> Ints:
    """The places of the `count` highest scores, in no order: only blocks with the highest maxima are searched."""
    blocks = len(scores) // BLOCK
    if blocks <= count:
        return np.argpartition(scores, -count)[-count:] if len(scores) > count else np.arange(len(scores))
    maxima = scores[: blocks * BLOCK].reshape(blocks, BLOCK).max(axis=1)
    chosen = np.argpartition(maxima, -count)[-count:]
    inside = (chosen[:, None] * BLOCK + np.arange(BLOCK)).ravel()
    places = np.concatenate([inside, np.arange(blocks * BLOCK, len(scores))])
    return places[np.argpartition(scores[places], -count)[-count:]]
