"""What retrieval gives: neighbours of a prompt, and where a dataset's index stands. Plain values."""

from dataclasses import dataclass
from enum import Enum

from dlcodegen_core.data.pairs import Pair


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A stored pair and how much its prompt is like the one that was asked with.

    similarity: the cosine of the two embeddings, 1 for the same text; below 0, which means nothing for text, it is 0.
    """

    row_id: int
    similarity: float
    pair: Pair


class IndexStatus(Enum):
    """Where the index of a dataset stands."""

    MISSING = "not built yet"
    OTHER_EMBEDDER = "built with another embedder"
    BUILDING = "being built"
    HALF_BUILT = "half built"
    BEHIND = "behind the dataset"
    CURRENT = "up to date"

    @property
    def can_be_asked(self) -> bool:
        """Whether the index is whole, be it of an earlier revision."""
        return self in (IndexStatus.BEHIND, IndexStatus.CURRENT)


@dataclass(frozen=True, slots=True)
class IndexState:
    """Where the index of a dataset stands.

    revision: the one that it follows, 0 while it is not whole; newest_revision: the dataset's. pairs: how many are in
    it once it is whole. embedder: the identity of the one that it is made with.
    """

    status: IndexStatus
    revision: int
    newest_revision: int
    pairs: int
    embedder: str
