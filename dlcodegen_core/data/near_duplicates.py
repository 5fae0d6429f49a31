"""Which texts are nearly the same, and a split of files that never puts such texts on both sides.

Copied files, generated variants and vendored versions would otherwise let a model be examined on what it learned.
Two texts are near-duplicates if their sets of five-token shingles have a Jaccard similarity of at least the
threshold (Broder 1997, "On the resemblance and containment of documents"). MinHash with locality-sensitive hashing
(datasketch) proposes the pairs; each is then checked exactly. Knows nothing of languages: a token here is a word or a
sign, so layout and line ends do not count.
"""

import hashlib
import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SHINGLE_TOKENS = 5
PERMUTATIONS = 64
# Pairs are proposed from well below the threshold on: checking one in vain costs little, a missed one is a leak.
PROPOSED_FROM = 0.7
# A text this close to an indexed one is found through it.
STANDS_FOR = 0.95

_TOKEN = re.compile(r"\w+|[^\w\s]")
# Odd 64-bit multipliers of the shingle hash, one for each place in the shingle.
_MULTIPLIERS = np.random.default_rng(0).integers(0, 2**63, SHINGLE_TOKENS, np.uint64) * np.uint64(2) + np.uint64(1)


class TokenHashes(dict[str, int]):
    """Hashes of tokens, each computed once; the same in every process."""

    def __missing__(self, token: str) -> int:
        value = self[token] = zlib.crc32(token.encode("utf-8", "surrogatepass")) + 1
        return value


def near_duplicate_groups(texts: Sequence[str], threshold: float = 0.7) -> list[int]:
    """A group number for each text, counted from 0 by first appearance; near-duplicates share theirs.

    Groups are transitive: two texts that resemble a third one are in its group. Raises ValueError for a threshold
    outside (0, 1].
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold is {threshold}, use one above 0 and at most 1")
    hashes = TokenHashes()
    first_with: dict[bytes, int] = {}  # equal sets of shingles need no comparison
    shingles: dict[int, NDArray[np.uint32]] = {}
    parents = list(range(len(texts)))
    for index, text in enumerate(texts):
        found = shingles_of(text, hashes)
        same = first_with.setdefault(found.tobytes(), index)
        parents[index] = same
        if same == index:
            shingles[index] = found
    _join_similar(shingles, threshold, parents)
    numbers: dict[int, int] = {}
    return [numbers.setdefault(_root(parents, index), len(numbers)) for index in range(len(texts))]


def split_files(paths: Sequence[str], texts: Sequence[str], held_out: float, seed: int) -> tuple[list[int], list[int]]:
    """Indices of the training and of the held-out files, each in order; near-duplicates stand on one side.

    Groups are drawn by a digest of seed and path, so the same files always split alike, until the share of files is
    reached as nearly as possible. With two groups or more, and a share above 0, both sides have at least one file.
    """
    groups: dict[int, list[int]] = {}
    for index, number in enumerate(near_duplicate_groups(texts)):
        groups.setdefault(number, []).append(index)
    wanted = held_out * len(paths)
    if len(groups) < 2 or wanted == 0:
        return list(range(len(paths))), []
    drawn = sorted(groups.values(), key=lambda group: min(_draw(seed, paths[index]) for index in group))
    taken: list[list[int]] = []
    count = 0
    for group in drawn:
        if abs(count + len(group) - wanted) <= abs(count - wanted) and len(taken) + 1 < len(drawn):
            taken.append(group)
            count += len(group)
    held_out_files = {index for group in taken or [min(drawn, key=len)] for index in group}
    return [index for index in range(len(paths)) if index not in held_out_files], sorted(held_out_files)


def shingles_of(text: str, hashes: TokenHashes) -> NDArray[np.uint32]:
    """The sorted hashes of the text's distinct shingles; a shorter text is one shingle, a blank one none."""
    tokens = _TOKEN.findall(text)
    values = np.fromiter(map(hashes.__getitem__, tokens), np.uint64, len(tokens))
    count = max(1, len(values) - SHINGLE_TOKENS + 1) if len(values) else 0
    mixed = np.zeros(count, np.uint64)
    for place, multiplier in enumerate(_MULTIPLIERS[: len(values)]):
        mixed += values[place : place + count] * multiplier
    return np.unique((mixed >> np.uint64(32)).astype(np.uint32))


def _join_similar(shingles: dict[int, NDArray[np.uint32]], threshold: float, parents: list[int]) -> None:
    """Union the groups of all pairs of texts that are similar enough."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(PROPOSED_FROM * threshold, PERMUTATIONS)
    permutations: tuple[NDArray[np.uint32], NDArray[np.uint32]] | None = None
    for number, values in shingles.items():
        sketch = MinHash(PERMUTATIONS, hashfunc=int, permutations=permutations, scheme="affine32")
        permutations = sketch.permutations
        sketch.update_batch(values)
        closest = 0.0
        for other in index.query(sketch):
            left, right = _root(parents, other), _root(parents, number)
            if left == right:
                continue
            similarity = jaccard(shingles[other], values)
            closest = max(closest, similarity)
            if similarity >= threshold:
                parents[max(left, right)] = min(left, right)
        # thousands of files from one template would otherwise all meet each other
        if closest < max(STANDS_FOR, threshold):
            index.insert(number, sketch, check_duplication=False)


def jaccard(left: NDArray[np.uint32], right: NDArray[np.uint32]) -> float:
    shared = len(np.intersect1d(left, right, assume_unique=True))
    return shared / max(1, len(left) + len(right) - shared)


def _root(parents: list[int], index: int) -> int:
    """The union-find representative of an index; paths are halved on the way."""
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index


def _draw(seed: int, path: str) -> bytes:
    return hashlib.sha256(f"{seed} {path}".encode("utf-8", "surrogatepass")).digest()
