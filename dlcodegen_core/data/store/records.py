"""What the store gives and takes: plain values, no database in them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.errors import DatasetError

MAX_SEARCH_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """A dataset at its newest revision. Times are UTC."""

    name: str
    revision: int
    pair_count: int
    created_at: datetime
    changed_at: datetime
    origin: str
    note: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class RevisionInfo:
    """One saved state of a dataset, and how it differs from the one before."""

    number: int
    created_at: datetime
    note: str
    pair_count: int
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class PairRow:
    """A pair with the id to edit it by and its place in the list, counted from 1 (0 if not asked for)."""

    id: int
    number: int
    pair: Pair


@dataclass(frozen=True, slots=True)
class Living:
    """Which rows a dataset has at its newest revision: ids with their positions, which outlive all edits of a pair.

    dataset_id tells a dataset from a later one of the same name.
    """

    dataset_id: int
    revision: int
    positions: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class PairPage:
    """Some rows of a dataset, of `total` that match, in `pages` pages.

    is_exact: whether `total` is all that match; counting stops at a bound, so that a search never takes long.
    """

    rows: tuple[PairRow, ...]
    total: int
    pages: int
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class Edits:
    """Changes to one revision: new content by row id, pairs to append, rows to delete."""

    changed: Mapping[int, Pair] = field(default_factory=dict)
    added: Sequence[Pair] = ()
    deleted: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class PairFilter:
    """Which pairs of a dataset are meant; what is empty or None does not limit.

    search: part of the prompt or target, whatever the case. languages, kinds: one of these, None among them for
    pairs without one. source: the file, or with `*` and `?` a pattern of files. Lengths are in characters, both ends
    included. flag: the key of a check of the doctor; fixable: only those that its fix would take out.
    Raises DatasetError for a search that is too long.
    """

    search: str = ""
    languages: tuple[str | None, ...] = ()
    kinds: tuple[str | None, ...] = ()
    source: str = ""
    prompt_length: tuple[int, int] | None = None
    target_length: tuple[int, int] | None = None
    flag: str = ""
    fixable: bool = False

    def __post_init__(self) -> None:
        if len(self.search) > MAX_SEARCH_CHARACTERS:
            raise DatasetError(
                f"Search for at most {MAX_SEARCH_CHARACTERS:,} characters; these are {len(self.search):,}."
            )
        # half a character, as a broken paste may hold, and NUL, which no database takes
        for name in ("search", "source"):
            plain = getattr(self, name).encode("utf-8", "replace").decode().replace("\0", "?")
            object.__setattr__(self, name, plain)

    @property
    def limits(self) -> bool:
        """Whether anything is left out."""
        return self != EVERYTHING


EVERYTHING = PairFilter()


@dataclass(frozen=True, slots=True)
class Change:
    """One place of a dataset that differs between two revisions; a pair that came has no `before`, and so on."""

    before: Pair | None
    after: Pair | None


@dataclass(frozen=True, slots=True)
class Difference:
    """How a revision differs from an earlier one: counts, and the first changes in order."""

    added: int
    removed: int
    changed: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram: a value, or a range of lengths from `low` to `high`, both included."""

    label: str
    count: int
    low: int = 0
    high: int = 0
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Checkup:
    """The doctor's last report on a dataset and the revision it looked at."""

    revision: int
    created_at: datetime
    report: Mapping[str, Any]
