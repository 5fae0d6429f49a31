"""How much each of many may give when all of them have more than is wanted, and which of its own each gives.

Whatever is drawn is a sha256 of the seed, the file's path and what is drawn for, so it is the same in every process,
and the same for a file whatever other files there are.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draws:
    """Numbers that depend on the seed, a file's path and their occasion alone."""

    def __init__(self, seed: int, path: str) -> None:
        self._base = hashlib.sha256(f"{seed}\0{path}\0".encode("utf-8", "surrogatepass"))

    def number(self, occasion: object) -> int:
        """A number of 64 bits."""
        digest = self._base.copy()
        digest.update(str(occasion).encode())
        return int.from_bytes(digest.digest()[:8])

    def below(self, occasion: object, count: int) -> int:
        """A number from 0 to count - 1."""
        return self.number(occasion) % count


def even_shares(amounts: Sequence[int], total: int, first: Sequence[int]) -> list[int]:
    """What each gives so that together they give `total`, or all they have: the small ones all, the others the same.

    Water filling. Where the rest does not go round, those come first whose number in `first` is smaller.
    """
    shares = [0] * len(amounts)
    left = min(total, sum(amounts))
    by_amount = sorted(range(len(amounts)), key=lambda index: amounts[index])
    for place, index in enumerate(by_amount):
        level, rest = divmod(left, len(by_amount) - place)
        if amounts[index] > level:  # and so have all after it
            for rank, other in enumerate(sorted(by_amount[place:], key=lambda other: first[other])):
                shares[other] = level + (rank < rest)
            break
        shares[index] = amounts[index]
        left -= amounts[index]
    return shares


def spread(items: Sequence[T], count: int, offset: int) -> tuple[list[T], list[T]]:
    """`count` of the items at even distances, in order, and those that are left. `offset` moves them all along."""
    if count <= 0:
        return [], list(items)
    if count >= len(items):
        return list(items), []
    chosen = {(number * len(items) + offset % len(items)) // count for number in range(count)}
    return (
        [item for index, item in enumerate(items) if index in chosen],
        [item for index, item in enumerate(items) if index not in chosen],
    )
