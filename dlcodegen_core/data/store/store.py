"""DatasetStore: stored datasets and their revisions, in one place for everybody.

Every change is a new revision; nothing that was saved is ever overwritten.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Row, select, update
from sqlalchemy.exc import IntegrityError

from dlcodegen_core.data.doctor.checks import Flag
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import browsing, checkups, editing, importing, purging
from dlcodegen_core.data.store.records import (
    EVERYTHING,
    Bar,
    Checkup,
    DatasetInfo,
    Difference,
    Edits,
    Living,
    PairFilter,
    PairPage,
    PairRow,
    RevisionInfo,
)
from dlcodegen_core.data.store.schema import datasets, revisions
from dlcodegen_core.data.store.transactions import Transactions, heads, utc
from dlcodegen_core.data.store.watching import RevisionWatch
from dlcodegen_core.errors import DatasetError

MAX_NAME_CHARACTERS = 80


class DatasetStore:
    """Thread-safe, and safe with other processes on the same database.

    All that names a dataset raises DatasetError if there is none of that name, and StorageError if the database
    refuses.
    """

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._transactions = Transactions(engine, now)

    @property
    def engine(self) -> Engine:
        """The database, for tables of others in it."""
        return self._transactions.engine

    def infos(self) -> list[DatasetInfo]:
        """All datasets, the latest change first."""
        with self._transactions.reading("The list of datasets") as connection:
            return [_info(row) for row in connection.execute(heads(deleted=False))]

    def info(self, name: str) -> DatasetInfo:
        """One dataset."""
        with self._transactions.reading(f"Dataset {name}") as connection:
            return _info(self._transactions.head(connection, name))

    def is_stored(self, path: str | Path) -> bool:
        """Whether this names a stored dataset; a file of the same name goes first."""
        if Path(path).expanduser().exists():
            return False
        try:
            self.info(str(path))
        except DatasetError:
            return False
        return True

    def create(
        self,
        name: str,
        pairs: Iterable[Pair],
        origin: str = "",
        note: str = "",
        once: bool = False,
        intake: Mapping[str, Any] | None = None,
        stored: importing.Stored = lambda count: None,
    ) -> DatasetInfo:
        """Store a new dataset as revision 1, piece by piece; nobody sees it before it is whole.

        once: do nothing if one of that origin was ever made. intake: what came in and what was left out, as JSON
        values. stored: hears how many pairs are in, and may raise to call it off. Raises DatasetError for a name that
        is bad or taken and for bad pairs. intake is written down last, so `pairs` may still add to it.
        """
        name = checked_name(name)
        self.check_free(name)
        try:
            importing.store_new(self._transactions, name, pairs, origin, note, intake, once, stored)
        except IntegrityError as exc:
            raise self._name_taken(name) from exc
        if not once:
            return self.info(name)
        with self._transactions.reading(f"Dataset {name}") as connection:
            return _info(connection.execute(heads(None).where(datasets.c.origin == origin)).first())

    def check_free(self, name: str) -> None:
        """Raise DatasetError, naming a free one, if a dataset has this name: before a long import, not after it."""
        if checked_name(name) in {info.name for info in self.infos()}:
            raise self._name_taken(name)

    def intake(self, name: str) -> dict[str, Any] | None:
        """What came in with a dataset and what was left out, as it was told to `create`."""
        with self._transactions.reading(f"Dataset {name}") as connection:
            head = self._transactions.head(connection, name)
            told = connection.scalar(select(datasets.c.intake).where(datasets.c.id == head.id))
            return json.loads(told) if told else None

    def has_ever_had(self, origin: str) -> bool:
        """Whether a dataset of that origin was ever made, deleted ones included."""
        with self._transactions.reading("The list of datasets") as connection:
            return importing.origin_exists(connection, origin)

    def page(
        self,
        name: str,
        page: int = 1,
        page_size: int = 100,
        wanted: PairFilter | str = "",
        revision: int | None = None,
    ) -> PairPage:
        """Some rows in order; a text is searched for in prompts and targets."""
        if isinstance(wanted, str):
            wanted = PairFilter(search=wanted)
        return browsing.page(self._transactions, name, page, page_size, wanted, revision)

    def pairs(self, name: str, revision: int | None = None) -> list[Pair]:
        """All pairs of a revision, the newest if None, in order."""
        return [row.pair for row in self.each(name, revision=revision)]

    def each(self, name: str, wanted: PairFilter = EVERYTHING, revision: int | None = None) -> Iterator[PairRow]:
        """The pairs that match, one by one in order; they need not fit into memory."""
        return browsing.each(self._transactions, name, wanted, revision)

    def sample(
        self, name: str, count: int, wanted: PairFilter = EVERYTHING, revision: int | None = None
    ) -> list[PairRow]:
        """At most `count` of the pairs that match, spread evenly over all of them, in order."""
        return browsing.sample(self._transactions, name, count, wanted, revision)

    def row(self, name: str, row_id: int) -> PairRow | None:
        """One living row of the newest revision, or None."""
        return browsing.row(self._transactions, name, row_id)

    def rows(self, name: str, row_ids: Sequence[int], revision: int | None = None) -> list[PairRow]:
        """The rows of these ids that belong to a revision, as they are asked for; the others are left out."""
        return browsing.rows(self._transactions, name, row_ids, revision)

    def watch(self, name: str) -> RevisionWatch:
        """For who asks all the time which revision is the newest."""
        return RevisionWatch(self._transactions, name)

    def living(self, name: str) -> Living:
        """Which rows the newest revision has, and where they stand."""
        return browsing.living(self._transactions, name)

    def fingerprint(self, name: str, revision: int) -> str | None:
        """What tells a revision's content from any other, None if there is no such revision."""
        with self._transactions.reading(f"Dataset {name}") as connection:
            head = self._transactions.head(connection, name)
            wanted = (revisions.c.dataset_id == head.id) & (revisions.c.number == revision)
            return connection.scalar(select(revisions.c.fingerprint).where(wanted))

    def bars(self, name: str, column: str, wanted: PairFilter = EVERYTHING, revision: int | None = None) -> list[Bar]:
        """A histogram of language, kind, source, prompt_length or target_length over the pairs that match."""
        return browsing.bars(self._transactions, name, column, wanted, revision)

    def save(self, name: str, base_revision: int, edits: Edits, note: str = "") -> DatasetInfo:
        """Apply `edits` to `base_revision` and keep the result as the next revision.

        A row changed to what it already is does not count. Raises EditConflict if somebody saved since, DatasetError
        for bad pairs, edits of rows that are not there, or nothing to save. Nothing changes on any error.
        """
        editing.save(self._transactions, name, base_revision, edits, note)
        return self.info(name)

    def delete_matching(self, name: str, base_revision: int, wanted: PairFilter, note: str = "") -> DatasetInfo:
        """Move all pairs that match to the dataset's trash, as the next revision. Raises as `save` does."""
        editing.delete_matching(self._transactions, name, base_revision, wanted, note)
        return self.info(name)

    def trash(self, name: str, page: int = 1, page_size: int = 100) -> PairPage:
        """Some of the pairs that were deleted and have not come back, the latest first."""
        return editing.trash(self._transactions, name, page, page_size)

    def bring_back(
        self, name: str, base_revision: int, row_ids: Collection[int] | None = None, note: str = ""
    ) -> DatasetInfo:
        """Bring pairs from the trash back to where they stood, all if None. Raises as `save` does."""
        editing.bring_back(self._transactions, name, base_revision, row_ids, note)
        return self.info(name)

    def revisions(self, name: str) -> list[RevisionInfo]:
        """All revisions, newest first."""
        with self._transactions.reading(f"Dataset {name}") as connection:
            head = self._transactions.head(connection, name)
            rows = connection.execute(
                select(revisions).where(revisions.c.dataset_id == head.id).order_by(revisions.c.number.desc())
            )
            return [
                RevisionInfo(row.number, utc(row.created_at), row.note, row.pair_count, row.added, row.removed)
                for row in rows
            ]

    def difference(self, name: str, older: int, newer: int) -> Difference:
        """How one revision differs from an earlier one."""
        return editing.difference(self._transactions, name, older, newer)

    def restore(self, name: str, revision: int, base_revision: int, note: str = "") -> DatasetInfo:
        """Make a new revision with the pairs of an old one. Raises as `save` does."""
        editing.restore(self._transactions, name, revision, base_revision, note)
        return self.info(name)

    def rows_ever(self, name: str, prompt: str) -> list[PairRow]:
        """All rows, dead or alive, of the places where `prompt` ever stood, in all datasets that had this name last.

        Datasets in the trash are among them. What an earlier `purge` has blanked is not.
        """
        return purging.rows_ever(self._transactions, name, prompt)

    def purge(self, name: str, row_ids: Collection[int]) -> int:
        """Blank the texts of dead rows for good, as if they had never been; how many there were.

        No revision, trash or search shows them again, and no page of the database's file holds them (SQLite; a
        database server gives such pages free when it vacuums). What the doctor said of the dataset goes with them,
        since it may quote them. Raises DatasetError for a row that is still alive: delete it first.
        """
        return purging.purge(self._transactions, name, row_ids)

    def keep_checkup(self, name: str, revision: int, flags: Iterable[Flag], report: Mapping[str, Any]) -> None:
        """Keep what the doctor found in a revision in the place of what was found before."""
        checkups.keep(self._transactions, name, revision, flags, report)

    def checkup(self, name: str) -> Checkup | None:
        """The doctor's last report, None if the dataset was never examined."""
        return checkups.last(self._transactions, name)

    def flag_counts(self, name: str) -> dict[str, tuple[int, int]]:
        """By check, how many living pairs it flags and how many of them its fix would take out."""
        return checkups.counts(self._transactions, name)

    def flags(self, row_ids: Iterable[int]) -> dict[int, list[Flag]]:
        """The flags of these rows, by row."""
        return checkups.of_rows(self._transactions, row_ids)

    def rename(self, name: str, new_name: str) -> DatasetInfo:
        """Raises DatasetError if the new name is bad or taken."""
        new_name = checked_name(new_name)
        try:
            with self._transactions.writing(f"Dataset {name}") as connection:
                head = self._transactions.head(connection, name)
                connection.execute(update(datasets).where(datasets.c.id == head.id).values(name=new_name))
        except IntegrityError as exc:
            raise self._name_taken(new_name) from exc
        return self.info(new_name)

    def delete(self, name: str) -> None:
        """Move a dataset to the trash with all its revisions; `undelete` brings it back."""
        with self._transactions.writing(f"Dataset {name}") as connection:
            head = self._transactions.head(connection, name)
            moment = self._transactions.moment()
            connection.execute(update(datasets).where(datasets.c.id == head.id).values(deleted_at=moment))

    def deleted(self) -> list[DatasetInfo]:
        """The datasets in the trash, the latest change first."""
        with self._transactions.reading("The trash") as connection:
            return [_info(row) for row in connection.execute(heads(deleted=True))]

    def undelete(self, name: str) -> DatasetInfo:
        """Bring the last dataset deleted under this name back. Raises DatasetError if its name is taken by now."""
        try:
            with self._transactions.writing(f"Dataset {name}") as connection:
                wanted = heads(deleted=True).where(datasets.c.name == name)
                head = connection.execute(wanted.order_by(None).order_by(datasets.c.deleted_at.desc())).first()
                if head is None:
                    raise DatasetError(f"There is no dataset called {name!r} in the trash.")
                connection.execute(update(datasets).where(datasets.c.id == head.id).values(deleted_at=None))
        except IntegrityError as exc:
            raise DatasetError(f"Another dataset is called {name!r} by now. Rename that one first.") from exc
        return self.info(name)

    def _name_taken(self, name: str) -> DatasetError:
        """The error for a name in use, with one that is free."""
        return DatasetError(
            f"There is already a dataset called {name!r}. Choose another name, such as {self.free_name(name)!r}."
        )

    def free_name(self, name: str) -> str:
        """The name itself, or with a number behind it, that no dataset has."""
        names = {info.name for info in self.infos()}
        endings = ("", *(f" {number}" for number in range(2, len(names) + 3)))
        return next(
            other for ending in endings if (other := name[: MAX_NAME_CHARACTERS - len(ending)] + ending) not in names
        )


def checked_name(name: str) -> str:
    """The name without spaces around it. Raises DatasetError if it cannot be one."""
    stripped = name.strip()
    if not stripped or len(stripped) > MAX_NAME_CHARACTERS or not stripped.isprintable() or set(stripped) & set("/\\"):
        raise DatasetError(
            f"{name!r} cannot be a dataset's name. Use 1 to {MAX_NAME_CHARACTERS} printable characters without slashes."
        )
    return stripped


def _info(row: Row[Any] | None) -> DatasetInfo:
    assert row is not None
    return DatasetInfo(
        name=row.name,
        revision=row.number,
        pair_count=row.pair_count,
        created_at=utc(row.created_at),
        changed_at=utc(row.changed_at),
        origin=row.origin,
        note=row.note,
        fingerprint=row.fingerprint,
    )
