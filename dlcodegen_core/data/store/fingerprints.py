"""Fingerprints of a dataset that an edit can carry on from, without reading what it does not touch.

The sum, modulo 2^256, of a sha256 of each pair with its position (Bellare and Micciancio 1997, "A New Paradigm for
Collision-Free Hashing", AdHash): adding or taking out a pair adds or takes off one number. It guards against mistakes,
not against somebody who constructs collisions.
"""

import hashlib
from collections.abc import Iterable

from dlcodegen_core.data.pairs import Pair

_MODULUS = 1 << 256
EMPTY = f"{0:064x}"


def row_number(position: float, pair: Pair) -> int:
    """The number of one pair at its position."""
    # field by field: dataclasses.astuple takes ten times as long
    where = (pair.language, pair.source, pair.line, pair.kind, pair.commit)
    content = repr((float(position), pair.prompt, pair.target, pair.suffix, where))
    return int.from_bytes(hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest(), "big")


def carried_on(fingerprint: str, added: int = 0, removed: int = 0) -> str:
    """The fingerprint after pairs whose numbers sum to `added` came and others, to `removed`, went."""
    return f"{(int(fingerprint, 16) + added - removed) % _MODULUS:064x}"


def fingerprint_of_rows(rows: Iterable[tuple[float, Pair]]) -> str:
    """Of (position, pair) from nothing."""
    return carried_on(EMPTY, added=sum(row_number(position, pair) for position, pair in rows))
