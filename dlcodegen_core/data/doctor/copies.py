"""Pairs that say the same: exact copies, nearly the same pairs, and one prompt with different targets.

Of pairs that say the same one stays; a training pair rather than a held-out one, so that a copy in the held-out part is
one that was trained on. Exact copies and contradictions are found by digests of 64 bits, so texts are not kept; in a
million pairs, two differing ones share a digest by chance with a probability of one in thirty million.

Nearly the same are two pairs if both their prompts and their targets are: pairs cut from neighbouring lines of a file
have nearly the same prompt, but other targets. Likeness is the Jaccard similarity of five-token shingles, as in
`near_duplicates`. Candidates are found by MinHash with locality-sensitive hashing, in which a band is made of three
values of the prompt and one of the target, so that neighbouring lines rarely meet. The bands are sorted rather than
kept in an index, which would take kilobytes a pair.
"""

import hashlib
import itertools
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.data.near_duplicates import TokenHashes, jaccard, shingles_of
from dlcodegen_core.data.pairs import Pair

BANDS = 12
_PROMPT_VALUES = 3  # in each band
# Copies stand next to each other when their bands are sorted; so many of those before a pair are compared with it.
_COMPARED = 8
_DRAWN = np.random.default_rng(1)
_FACTORS = _DRAWN.integers(0, 2**63, (2, BANDS * _PROMPT_VALUES), np.uint64) * np.uint64(2) + np.uint64(1)
_MIXERS = _DRAWN.integers(0, 2**63, (1 + _PROMPT_VALUES, 1), np.uint64) * np.uint64(2) + np.uint64(1)
_SHIFT = np.uint64(32)
_ALL = 2**64


@dataclass(frozen=True, slots=True)
class Likeness:
    """A pair that says nearly the same as one that stays. Both are indices. similarity: of the prompts, up to 1."""

    index: int
    like: int
    similarity: float


class Digests:
    """Digests of all pairs, 16 bytes each, and what equal ones mean."""

    def __init__(self) -> None:
        self._contexts = array("Q")
        self._targets = array("Q")

    def add(self, pair: Pair) -> None:
        self._contexts.append(_digest(f"{pair.prompt}\0{pair.suffix or ''}"))
        self._targets.append(_digest(pair.target))

    def copies(self, order: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
        """Each pair that is an exact copy, with the one that stays: the first of them in the order given."""
        both = self._array(self._contexts) * _MIXERS[0] + self._array(self._targets)
        for group in _equal(both[order]):
            first, *others = order[group].tolist()
            yield from ((other, first) for other in sorted(others))

    def contradictions(self) -> Iterator[tuple[int, int, int]]:
        """Each pair whose prompt has other targets too, with the number of pairs and of targets of that prompt."""
        targets = self._array(self._targets)
        for group in _equal(self._array(self._contexts)):
            different = len(np.unique(targets[group]))
            if different > 1:
                yield from ((index, len(group), different) for index in group.tolist())

    def _array(self, column: "array[int]") -> NDArray[np.uint64]:
        return np.frombuffer(column, np.uint64) if column else np.empty(0, np.uint64)


@dataclass(frozen=True, slots=True)
class _Entry:
    index: int
    draw: int
    source: str | None
    line: int | None
    height: int  # lines of the prompt
    prompt: NDArray[np.uint32]
    target: NDArray[np.uint32]
    bands: NDArray[np.uint64]


class NearDuplicates:
    """Collects pairs and finds those that are nearly the same.

    Of more than `at_most` pairs a part is kept: those whose rarest shingle has a small draw. Pairs that are alike share
    that shingle, so the part holds groups rather than single pairs of many groups.
    """

    def __init__(self, similarity: float, at_most: int) -> None:
        self._similarity = similarity
        self._at_most = at_most
        self._hashes = TokenHashes()
        self._entries: list[_Entry] = []
        self._limit = _ALL

    @property
    def compared(self) -> int:
        """How many pairs were kept for comparison."""
        return len(self._entries)

    @property
    def skipped(self) -> bool:
        """Whether there were more pairs than may be compared."""
        return self._limit < _ALL

    def add(self, index: int, pair: Pair) -> None:
        prompt, target = shingles_of(pair.prompt, self._hashes), shingles_of(pair.target, self._hashes)
        if not len(prompt) or not len(target):
            return
        prompt_values, target_values = _least(prompt, _FACTORS[0]), _least(target, _FACTORS[1][:BANDS])
        draw = int(prompt_values[0]) * int(_FACTORS[1][-1]) % _ALL
        if draw >= self._limit:
            return
        parts = np.vstack((target_values[None], prompt_values.reshape(_PROMPT_VALUES, BANDS)))
        bands = (parts * _MIXERS).sum(0, dtype=np.uint64)
        height = pair.prompt.count("\n") + 1
        self._entries.append(_Entry(index, draw, pair.source, pair.line, height, prompt, target, bands))
        while len(self._entries) > self._at_most and self._limit:
            self._limit //= 2
            self._entries = [entry for entry in self._entries if entry.draw < self._limit]

    def find(self, is_held_out: NDArray[np.bool_], leave_out: set[int]) -> Iterator[Likeness]:
        """Each pair that is nearly the same as one that stays. leave_out: indices that are known to be copies."""
        entries = sorted(
            (entry for entry in self._entries if entry.index not in leave_out),
            key=lambda entry: (bool(is_held_out[entry.index]), entry.index),
        )
        likenesses: dict[int, tuple[int, float]] = {}
        for number, earlier in _candidates(entries):
            entry = entries[number]
            for other in sorted(earlier):
                if other not in likenesses and (similarity := self._likeness(entry, entries[other])):
                    likenesses[number] = (other, similarity)
                    break
        found = (
            Likeness(entries[number].index, entries[other].index, similarity)
            for number, (other, similarity) in likenesses.items()
        )
        yield from sorted(found, key=lambda likeness: likeness.index)

    def _likeness(self, one: _Entry, other: _Entry) -> float:
        """The similarity of two pairs' prompts if they are nearly the same, else 0."""
        if one.source is not None and one.source == other.source and _overlap(one, other):
            return 0.0
        if jaccard(one.target, other.target) < self._similarity:
            return 0.0
        similarity = jaccard(one.prompt, other.prompt)
        return similarity if similarity >= self._similarity else 0.0


def _overlap(one: _Entry, other: _Entry) -> bool:
    """Whether two pairs of one file may share lines, as neighbours do; a copy further away in the file is a copy."""
    return one.line is None or other.line is None or abs(one.line - other.line) < max(one.height, other.height)


def _candidates(entries: list[_Entry]) -> Iterator[tuple[int, set[int]]]:
    """For each entry, in order, the earlier ones that share a band with it."""
    earlier: dict[int, set[int]] = {}
    if entries:
        bands = np.stack([entry.bands for entry in entries])
        for band in range(BANDS):
            for group in _equal(bands[:, band]):
                numbers = group.tolist()
                for place, number in enumerate(numbers[1:], start=1):
                    near = {numbers[0], *numbers[max(0, place - _COMPARED) : place]}
                    earlier.setdefault(number, set()).update(near)
    yield from ((number, earlier[number]) for number in sorted(earlier))


def _equal(values: NDArray[np.uint64]) -> Iterator[NDArray[np.int64]]:
    """The places of each value that occurs more than once, in order."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=values[order][:1] ^ np.uint64(1)))
    for start, end in itertools.pairwise([*starts.tolist(), len(order)]):
        if end - start > 1:
            yield order[start:end]


def _least(shingles: NDArray[np.uint32], factors: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """MinHash: the least value that each of the hash functions gives any of the shingles."""
    wide = (shingles.astype(np.uint64) + np.uint64(1))[:, None] * factors[None]
    least: NDArray[np.uint64] = (wide >> _SHIFT).min(0)
    return least


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
