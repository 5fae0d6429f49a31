"""Which file and which line each token of the counted source came from.

The files are counted one after the other, in order; of a handful of files, their parts are. Kept is where each file
begins, and where its line numbers do not run 1, 2, 3 …; lines are counted from the tokens when they are asked for, so
the map takes a few bytes a file beside the files' names. Knows nothing of the text that is to be completed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.models.sequence.suffix_array import SuffixArray
from dlcodegen_core.models.sequence.tokenizer import CodeTokenizer

PATHS, STARTS, JUMPS = "source.paths", "source.starts", "source.jumps"

Ints = NDArray[np.int64]
Numbers = NDArray[np.uint32]
Arrays = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file that was learned from, counted from 1; of pairs, as in the file that they were cut from."""

    path: str
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class FileStarts:
    """What is saved of a map. starts: the token at which each file begins, ascending, shape (files,).

    jumps: where line numbers do not go on by one: the file, the line of its text counted from 0, and the number that
    this line has instead, ascending, shape (jumps, 3).
    """

    paths: tuple[str, ...]
    starts: Numbers
    jumps: Numbers

    def __post_init__(self) -> None:
        """Raises ValueError if the parts do not fit together."""
        if len(self.paths) == 0 or self.starts.shape != (len(self.paths),) or self.jumps.shape[1:] != (3,):
            raise ValueError(f"{len(self.paths)} paths, but starts and jumps are {self.starts.shape, self.jumps.shape}")
        jumps = self.jumps.astype(np.int64)
        orders = np.diff(self.starts.astype(np.int64)), np.diff((jumps[:, 0] << 32) + jumps[:, 1]) - 1
        if self.starts[0] or any((order < 0).any() for order in orders) or (jumps[:, 0] >= len(self.paths)).any():
            raise ValueError("the source's files do not follow one another")

    @classmethod
    def of(cls, files: Sequence[SourceFile], parts: Sequence[str], encoded: Sequence[Ints]) -> "FileStarts":
        """files: in the order in which they are counted. parts: what is counted, the files or, one after the other,
        the parts of each. encoded: the tokens of each part.
        """
        begins = np.cumsum([0, *(len(tokens) + 1 for tokens in encoded)])  # an END_OF_FILE closes each part
        starts, part = [], 0
        for file in files:
            starts.append(int(begins[part]))
            left = len(file.text)
            while left > 0:
                left -= len(parts[part])
                part += 1
        jumps = [row for number, file in enumerate(files) for row in _jumps(number, file.line_numbers or ())]
        return cls(
            tuple(file.path for file in files),
            np.array(starts, np.uint32),
            np.array(jumps, np.uint32).reshape(-1, 3),
        )

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "FileStarts | None":
        """None if the model was saved before files were remembered. Raises KeyError or ValueError."""
        if PATHS not in arrays:
            return None
        paths = json.loads(bytes(arrays[PATHS].astype(np.uint8)))
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise ValueError("the source's paths are no list of texts")
        return cls(tuple(paths), arrays[STARTS].astype(np.uint32), arrays[JUMPS].astype(np.uint32))

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        names = json.dumps(self.paths, separators=(",", ":")).encode()
        return {PATHS: np.frombuffer(names, np.uint8).copy(), STARTS: self.starts, JUMPS: self.jumps}


class SourceMap:
    """From a token of the counted source to its file and line. Immutable."""

    def __init__(self, files: FileStarts, tokens: NDArray[np.uint16], tokenizer: CodeTokenizer) -> None:
        """tokens: of the whole counted source. Raises ValueError if a file begins behind them."""
        if int(files.starts[-1]) > len(tokens):
            raise ValueError(f"a file begins at token {files.starts[-1]} of {len(tokens)}")
        self.files = files
        self._tokens = tokens
        self.newlines = newlines_of(tokenizer)

    def at(self, token_position: int) -> Place:
        """Where the token at this position begins; a newline stands on the line that it ends."""
        file = int(self.files_of(np.array([token_position]))[0])
        start = int(self.files.starts[file])
        line = int(self.newlines[self._tokens[start:token_position]].sum())
        return Place(self.files.paths[file], self._number(file, line))

    def files_of(self, positions: Ints) -> Ints:
        """The number of the file that each position lies in. Of several that begin there, all but one are empty."""
        return np.searchsorted(self.files.starts, positions, side="right") - 1

    def _number(self, file: int, line: int) -> int:
        """The number of a file's line, from its place in the text, counted from 0."""
        jumps = self.files.jumps
        before = jumps[(jumps[:, 0] == file) & (jumps[:, 1] <= line)]
        return line + 1 if not len(before) else int(before[-1, 2]) + line - int(before[-1, 1])


class MappedSource(SuffixArray):
    """The counted source that knows where its tokens came from. places: None if that was not kept."""

    def __init__(self, tokens: NDArray[np.uint16], order: NDArray[np.int32], places: SourceMap | None = None) -> None:
        super().__init__(tokens, order)
        self.places = places

    @classmethod
    def of(
        cls, tokens: NDArray[np.uint16], order: NDArray[np.int32], files: FileStarts | None, tokenizer: CodeTokenizer
    ) -> "MappedSource":
        """From what was saved; files: None if that was not. Raises ValueError if the parts do not fit together."""
        return cls(tokens, order, SourceMap(files, tokens, tokenizer) if files else None)


def newlines_of(tokenizer: CodeTokenizer) -> Ints:
    """How many line ends each token holds, shape (vocabulary,)."""
    return np.array([content.count(b"\n") for content in tokenizer.bytes_of], np.int64)


def _jumps(file: int, numbers: Sequence[int]) -> list[tuple[int, int, int]]:
    steps = enumerate(pairwise((0, *numbers)))
    return [(file, line, number) for line, (before, number) in steps if number != before + 1]
