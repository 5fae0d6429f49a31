"""Pairs that can be gone through several times, also where they come from an iterator that gives them once.

Writers need two looks: which fields occur comes before the first row. What comes once waits on the disk meanwhile.
"""

import contextlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, fields
from itertools import islice
from typing import IO

from dlcodegen_core.data.pairs import Pair

REQUIRED = ("prompt", "target")
_OPTIONAL = tuple(field.name for field in fields(Pair) if field.name not in REQUIRED)
_PAIRS_AT_ONCE = 1_000


@contextlib.contextmanager
def replayable(pairs: Iterable[Pair]) -> Iterator[tuple[Iterable[Pair], tuple[str, ...]]]:
    """The pairs, to be gone through as often as wanted, and the fields that at least one of them has."""
    missing = set(_OPTIONAL)

    def watched() -> Iterator[Pair]:
        for pair in pairs:
            for field in tuple(missing):
                if getattr(pair, field) is not None:
                    missing.discard(field)
            yield pair

    with contextlib.ExitStack() as stack:
        again: Iterable[Pair]
        if isinstance(pairs, Sequence):
            for _pair in watched():
                if not missing:
                    break
            again = pairs
        else:
            again = _Kept(watched(), stack.enter_context(tempfile.TemporaryFile()))
        yield again, (*REQUIRED, *(field for field in _OPTIONAL if field not in missing))


class _Kept:
    """Pairs kept in a temporary file, one JSON list a line."""

    def __init__(self, pairs: Iterable[Pair], file: IO[bytes]) -> None:
        self._file = file
        lines = (json.dumps(astuple(pair)) for pair in pairs)
        while batch := list(islice(lines, _PAIRS_AT_ONCE)):
            file.write(("\n".join(batch) + "\n").encode())

    def __iter__(self) -> Iterator[Pair]:
        self._file.seek(0)
        return (Pair(*json.loads(line)) for line in self._file)
