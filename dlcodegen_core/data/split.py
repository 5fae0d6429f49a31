"""Which pairs are learned and which are held out. Pairs of one file, or of one prompt, never stand on both sides."""

import hashlib
from collections.abc import Sequence

from dlcodegen_core.data.pairs import Pair

FEWEST_GROUPS = 5


def split_pairs(pairs: Sequence[Pair], held_out: float, seed: int) -> tuple[list[int], list[int]]:
    """Indices of the training and of the held-out pairs, each in order.

    Groups are drawn by a digest of seed and name, so the same data always splits alike, until the share is reached
    as nearly as possible. With fewer than five groups there is nothing to hold out.
    """
    groups: dict[str, list[int]] = {}
    for index, pair in enumerate(pairs):
        groups.setdefault(f"file {pair.source}" if pair.source else f"prompt {pair.prompt}", []).append(index)
    wanted = held_out * len(pairs)
    if len(groups) < FEWEST_GROUPS or wanted == 0:
        return list(range(len(pairs))), []
    taken: list[int] = []
    for name in sorted(groups, key=lambda name: _draw(seed, name)):
        if abs(len(taken) + len(groups[name]) - wanted) <= abs(len(taken) - wanted):
            taken += groups[name]
    kept_out = set(taken)
    return [index for index in range(len(pairs)) if index not in kept_out], sorted(kept_out)


def _draw(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed} {name}".encode("utf-8", "surrogatepass")).digest()
