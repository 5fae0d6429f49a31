"""The training source as a suffix array over what stands *before* each token.

Positions are sorted by their preceding tokens read backwards, nearest first, so all places where the last k tokens
were seen lie side by side, and those of the last k+1 tokens lie within them. Orders up to 12 are told apart. The
nearest four tokens are packed into one 64-bit key, so four orders cost one binary search.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.tokenizer import END_OF_FILE

LONGEST_CONTEXT = 13  # tokens; one more than the longest order, to count a context together with what follows
_GROUPS = 4  # of four tokens each
_BITS = 16

Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]


class SuffixArray:
    """All files one after the other, each closed by END_OF_FILE. Immutable."""

    def __init__(self, tokens: NDArray[np.uint16], order: NDArray[np.int32]) -> None:
        """tokens: shape (n,). order: shape (n + 1,), the positions 0..n sorted by what stands before them."""
        if len(order) != len(tokens) + 1:
            raise ValueError(f"{len(order)} positions for {len(tokens)} tokens, expected is one more")
        self.tokens = tokens
        self.order = order
        self._padded = np.concatenate([np.zeros(4 * _GROUPS, np.uint64), tokens.astype(np.uint64) + 1])
        self._near = self._keys(order, 0)

    @classmethod
    def build(cls, files: Sequence[Ints]) -> "SuffixArray":
        """Sort by prefix doubling: by four tokens, then by 8, then by 16."""
        tokens = np.concatenate([np.append(file, END_OF_FILE) for file in files] or [np.zeros(1)]).astype(np.uint16)
        padded = np.concatenate([np.zeros(4, np.uint64), tokens.astype(np.uint64) + 1])
        n = len(tokens)
        key = np.zeros(n + 1, np.uint64)
        for back in range(4):
            key = (key << np.uint64(_BITS)) | padded[3 - back : n + 4 - back]
        rank = np.unique(key, return_inverse=True)[1].astype(np.int64)
        for known in (4, 8):
            before = np.zeros(n + 1, np.int64)
            before[known:] = rank[: max(0, n + 1 - known)] + 1
            key64 = rank * (n + 2) + before
            order = np.argsort(key64)
            rank = np.empty(n + 1, np.int64)
            rank[order] = np.concatenate([[0], np.cumsum(np.diff(key64[order]) > 0)])
        return cls(tokens, np.argsort(rank, kind="stable").astype(np.int32))

    def __len__(self) -> int:
        return len(self.tokens)

    def next_tokens(self, places: Ints) -> Ints:
        """The tokens that followed at these places of the order; END_OF_FILE after the last token of all."""
        positions = self.order[places]
        inside = np.minimum(positions, len(self.tokens) - 1)
        return np.where(positions < len(self.tokens), self.tokens[inside], END_OF_FILE).astype(np.int64)

    def find(self, context: Sequence[int], orders: Sequence[int]) -> list[tuple[int, int]]:
        """Where the last k tokens of `context` were seen, for each k of `orders` (ascending): ranges in the order.

        Stops at the first order that was never seen, so the result may be shorter than `orders`.
        """
        recent = [int(token) + 1 for token in reversed(context[-LONGEST_CONTEXT:])]
        found: list[tuple[int, int]] = []
        low, high, group, keys = 0, len(self.order), 0, self._near
        start = 0
        for k in orders:
            if k > len(recent):
                break
            while k > 4 * (group + 1):  # narrow to all four tokens of this group, then look at the next one
                first, last = _bounds(recent[4 * group : 4 * group + 4])
                low, high = _search(keys, first, last, start)
                if low == high:
                    return found
                group += 1
                keys, start = self._keys(self.order[low:high], group), low
            first, last = _bounds(recent[4 * group : k])
            span = _search(keys, first, last, start)
            if span[0] == span[1]:
                break
            found.append(span)
        return found

    def find_all(self, contexts: NDArray[np.int64], orders: Sequence[int]) -> tuple[Ints, Ints]:
        """The same for many contexts at once: low and high, shape (len(orders), n); empty ranges where never seen.

        contexts: the preceding tokens, nearest first, -1 where there is none, shape (n, at least the longest order).
        """
        shifted = (contexts + 1).astype(np.uint64)
        count = len(contexts)
        low, high = np.zeros(count, np.int64), np.full(count, len(self.order), np.int64)
        lows, highs = [], []
        for group in range((max(orders) + 3) // 4):
            keys = self._near if group == 0 else self._keys(self.order, group)
            for k in range(4 * group + 1, 4 * group + 5):
                if k not in orders and k % 4:
                    continue
                if k > shifted.shape[1]:
                    break
                first, last = _bounds_of_all(shifted[:, 4 * group : k])
                if group == 0:
                    new_low, new_high = np.searchsorted(keys, first), np.searchsorted(keys, last, side="right")
                else:
                    new_low = _search_within(keys, low, high, first, right=False)
                    new_high = _search_within(keys, low, high, last, right=True)
                new_high = np.where(contexts[:, k - 1] < 0, new_low, new_high)
                if k in orders:
                    lows.append(new_low)
                    highs.append(new_high)
            low, high = new_low, new_high
        return np.array(lows), np.array(highs)

    def _keys(self, order: NDArray[np.int32], group: int) -> Keys:
        """Four preceding tokens of each place in one number, the nearest in the highest bits."""
        keys = np.zeros(len(order), np.uint64)
        for back in range(4 * group, 4 * group + 4):
            keys = (keys << np.uint64(_BITS)) | self._padded[4 * _GROUPS - 1 - back + order]
        return keys


def contexts_of(tokens: Ints) -> Ints:
    """What stands before each position 0..n of a file, nearest first, -1 for nothing: (n + 1, LONGEST_CONTEXT)."""
    padded = np.concatenate([np.full(LONGEST_CONTEXT, -1), tokens])
    return np.lib.stride_tricks.sliding_window_view(padded, LONGEST_CONTEXT)[:, ::-1]


def _bounds(tokens: Sequence[int]) -> tuple[int, int]:
    """The smallest and the largest key that begin with these (at most four) tokens."""
    free = _BITS * (4 - len(tokens))
    first = 0
    for token in tokens:
        first = (first << _BITS) | token
    first <<= free
    return first, first | ((1 << free) - 1)


def _bounds_of_all(tokens: NDArray[np.uint64]) -> tuple[Keys, Keys]:
    free = np.uint64(_BITS * (4 - tokens.shape[1]))
    first = np.zeros(len(tokens), np.uint64)
    for column in tokens.T:
        first = (first << np.uint64(_BITS)) | column
    first <<= free
    return first, first | np.uint64((1 << int(free)) - 1)


def _search(keys: Keys, first: int, last: int, start: int) -> tuple[int, int]:
    low = int(keys.searchsorted(np.uint64(first)))
    high = int(keys.searchsorted(np.uint64(last), side="right"))
    return start + low, start + high


def _search_within(keys: Keys, low: Ints, high: Ints, wanted: Keys, right: bool) -> Ints:
    """Binary search of each wanted key within its own range, all at once."""
    low, high = low.copy(), high.copy()
    while (low < high).any():
        middle = (low + high) >> 1
        seen = keys[np.minimum(middle, len(keys) - 1)]
        onward = ((seen <= wanted) if right else (seen < wanted)) & (low < high)
        high = np.where((low < high) & ~onward, middle, high)
        low = np.where(onward, middle + 1, low)
    return low
