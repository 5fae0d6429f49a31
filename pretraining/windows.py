"""Cuts a stream of tokens into windows to learn from: plain text, or with a gap to fill in the middle.

A window with a gap is [FILL_IN] suffix [FROM_HERE] prefix middle [FILLED], what an editor asks for: the suffix's first
tokens, then what stands before the cursor, then what is to be typed. What room is left holds the beginning of another
file. Knows nothing of networks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.network_pass import CONTEXT
from dlcodegen_core.models.sequence.tokenizer import END_OF_FILE, FILL_IN, FILLED, FROM_HERE

SHORTEST_SUFFIX, LONGEST_SUFFIX = 8, 48
LONGEST_MIDDLE = 40
SHARE_FROM_LINES = 0.5  # of the gaps begin where a line begins
SHARE_TO_LINES = 0.5  # of them end where a line ends
SHARE_FULL = 0.5  # of them have as much before them as there is room for
MARKS = 3

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Gap:
    """A window with a gap. The middle is tokens[start:end]; FILLED stands at `end`."""

    tokens: Ints
    start: int
    end: int


class WindowCutter:
    """Cuts windows of CONTEXT + 1 tokens, inputs and next tokens, from a stream of files. Draws on its own.

    newlines: whether a token begins a new line, by token number, shape (vocabulary,).
    """

    def __init__(self, stream: NDArray[np.uint16], newlines: NDArray[np.bool_], seed: int) -> None:
        self._stream = stream
        self._newlines = newlines
        self._random = np.random.default_rng(seed)
        self._files = np.flatnonzero(stream[: len(stream) - CONTEXT] == END_OF_FILE)

    def batch(self, windows: int, share_with_gap: float) -> Ints:
        """So many windows, shape (windows, CONTEXT + 1)."""
        gaps = self._random.random(windows) < share_with_gap
        return np.array([self.gap().tokens if has_gap else self.plain() for has_gap in gaps])

    def plain(self) -> Ints:
        start = int(self._random.integers(0, len(self._stream) - CONTEXT))
        return self._stream[start : start + CONTEXT + 1].astype(np.int64)

    def gap(self) -> Gap:
        """One window with a gap somewhere."""
        text = self.plain()
        behind = int(self._random.integers(SHORTEST_SUFFIX, LONGEST_SUFFIX + 1))
        length = int(self._random.integers(1, LONGEST_MIDDLE + 1))
        start = CONTEXT + 1 - MARKS - behind - length
        if self._random.random() >= SHARE_FULL:
            start = int(self._random.integers(1, start + 1))
        newlines = self._newlines[text]
        if self._random.random() < SHARE_FROM_LINES and newlines[:start].any():
            start = int(np.flatnonzero(newlines[:start])[-1]) + 1
        end = start + length
        if self._random.random() < SHARE_TO_LINES and newlines[start + 1 : end].any():
            end = start + 1 + int(np.flatnonzero(newlines[start + 1 : end])[0])
        cut = with_gap(text, start, end, behind)
        left = CONTEXT + 1 - len(cut.tokens)
        file = int(self._random.choice(self._files))
        filler = self._stream[file : file + left].astype(np.int64)
        return Gap(np.concatenate([cut.tokens, filler]), cut.start, cut.end)


def with_gap(text: Ints, start: int, end: int, behind: int) -> Gap:
    """`text` up to `end`, with its tokens from `start` on to be filled in, seeing `behind` of those that follow."""
    head = np.concatenate([[FILL_IN], text[end : end + behind], [FROM_HERE], text[:start]])
    tokens = np.concatenate([head, text[start:end], [FILLED]]).astype(np.int64)
    return Gap(tokens, len(head), len(tokens) - 1)
