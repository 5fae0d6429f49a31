"""What is written in Chroma: on a collection whose vectors these are, of which revision, and whether all are in; on a
vector the rows that it stands for.

The name of a collection tells dataset and embedder, so vectors of two embedders never lie in one. Knows no Chroma.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from dlcodegen_core.data.store import DatasetInfo

_DIGITS = 16


@dataclass(frozen=True, slots=True)
class IndexCard:
    """revision, fingerprint, pairs: the last state of the dataset that was all in; 0 and empty before there was one.

    goal, goal_fingerprint: the state that a build is on its way to, or was when it ended early; 0 and empty once it is
    there. is_settled: nobody is at work on it, and whoever was left in good order. stamp: another one after each
    build, by which a process that has the index open knows that it changed.
    """

    embedder: str
    revision: int = 0
    fingerprint: str = ""
    pairs: int = 0
    goal: int = 0
    goal_fingerprint: str = ""
    is_settled: bool = True
    stamp: str = ""

    @property
    def is_whole(self) -> bool:
        return self.revision > 0 and self.goal == 0

    def follows(self, info: DatasetInfo) -> bool:
        """Whether it is whole and of that revision."""
        # Not by the fingerprint alone: what is deleted and brought back is the same content in other rows.
        return self.is_whole and (self.revision, self.fingerprint) == (info.revision, info.fingerprint)

    def begun(self, info: DatasetInfo) -> "IndexCard":
        """The card while a build goes on to that state."""
        return replace(self.left_off(info), is_settled=False)

    def left_off(self, info: DatasetInfo) -> "IndexCard":
        """The card when a build to that state was called off."""
        return replace(self, goal=info.revision, goal_fingerprint=info.fingerprint, is_settled=True)

    def whole(self, info: DatasetInfo) -> "IndexCard":
        """The card once all pairs of that state are in, and no others."""
        return IndexCard(
            self.embedder, info.revision, info.fingerprint, info.pair_count, goal=0, stamp=uuid.uuid4().hex
        )

    def to_metadata(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_metadata(cls, value: Mapping[str, Any] | None) -> "IndexCard | None":
        """The inverse of `to_metadata`; None for a collection that somebody else has made."""
        try:
            card = cls(**(value or {}))
        except TypeError:
            return None
        return card if all(type(getattr(card, name)) is type(given) for name, given in _KINDS.items()) else None


_KINDS = asdict(IndexCard(""))


def collection_name(info: DatasetInfo, embedder: str) -> str:
    """The collection of a dataset and an embedder's identity; it stays the same when the dataset is renamed."""
    return name_beginning(info) + _digest(embedder)


def name_beginning(info: DatasetInfo) -> str:
    """How the names of all collections of a dataset begin."""
    # The moment of its making is all that a dataset keeps through a new name and shares with no other.
    return f"pairs-{_digest(info.created_at.isoformat(timespec='microseconds'))}-"


def prompt_key(prompt: str) -> str:
    """The key of the one vector of all rows with that prompt."""
    return hashlib.blake2b(prompt.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def label_of(rows: Sequence[int]) -> str:
    """The rows of a vector, as they are written on it."""
    return ",".join(map(str, rows))


def row_ids(label: str) -> list[int]:
    """The inverse of `label_of`."""
    return [int(row_id) for row_id in label.split(",")]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
