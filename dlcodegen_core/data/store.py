"""Stored datasets and their revisions; `tables` holds the statements.

Every change is a new revision; nothing that was saved is ever overwritten.
"""

import contextlib
import itertools
import math
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from dlcodegen_core.data import tables
from dlcodegen_core.data.pairs import Pair, check_pairs
from dlcodegen_core.errors import DatasetError, EditConflict
from dlcodegen_core.storage.database import database_errors

MAX_NAME_CHARACTERS = 80
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
    """A pair with the id to edit it by and its place in the list, counted from 1."""

    id: int
    number: int
    pair: Pair


@dataclass(frozen=True, slots=True)
class PairPage:
    """Some rows of a dataset, of `total` that match, in `pages` pages."""

    rows: tuple[PairRow, ...]
    total: int
    pages: int


@dataclass(frozen=True, slots=True)
class Edits:
    """Changes to one revision: new content by row id, pairs to append, rows to delete."""

    changed: Mapping[int, Pair] = field(default_factory=dict)
    added: Sequence[Pair] = ()
    deleted: Collection[int] = ()


class DatasetStore:
    """Thread-safe, and safe with other processes on the same database."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now
        self._prepared = False
        self._preparing = threading.Lock()

    def infos(self) -> list[DatasetInfo]:
        """All datasets, the latest change first."""
        with self._reading("The list of datasets") as connection:
            return [_info(row) for row in connection.execute(tables.heads(deleted=False))]

    def info(self, name: str) -> DatasetInfo:
        """One dataset. Raises DatasetError if there is none of that name."""
        with self._reading(f"Dataset {name}") as connection:
            return _info(self._head(connection, name))

    def create(
        self, name: str, pairs: Sequence[Pair], origin: str = "", note: str = "", once: bool = False
    ) -> DatasetInfo:
        """Store a new dataset as revision 1. once: do nothing if one of that origin was ever made.

        Raises DatasetError for a name that is bad or taken and for bad pairs, StorageError if the disk refuses.
        """
        name = _checked_name(name)
        check_pairs(pairs, name)
        try:
            with self._writing(f"Dataset {name}") as connection:
                if once and tables.origin_exists(connection, origin):
                    return _info(
                        connection.execute(tables.heads(None).where(tables.datasets.c.origin == origin)).first()
                    )
                moment = self._moment()
                row = insert(tables.datasets).values(name=name, origin=origin, created_at=moment)
                dataset_id = connection.scalar(row.returning(tables.datasets.c.id))
                assert dataset_id is not None
                tables.insert_pairs(connection, dataset_id, 1, enumerate(pairs, start=1))
                tables.insert_revision(connection, dataset_id, 1, moment, note, pairs, added=len(pairs), removed=0)
        except IntegrityError as exc:
            raise self._name_taken(name) from exc
        return self.info(name)

    def has_ever_had(self, origin: str) -> bool:
        """Whether a dataset of that origin was ever made, deleted ones included."""
        with self._reading("The list of datasets") as connection:
            return tables.origin_exists(connection, origin)

    def page(
        self, name: str, page: int = 1, page_size: int = 100, search: str = "", revision: int | None = None
    ) -> PairPage:
        """Some rows in order. search: part of the prompt or target, whatever the case. Raises DatasetError."""
        if len(search) > MAX_SEARCH_CHARACTERS:
            raise DatasetError(f"Search for at most {MAX_SEARCH_CHARACTERS:,} characters; these are {len(search):,}.")
        search = search.encode("utf-8", "replace").decode()  # half a character, as a broken paste may hold
        with self._reading(f"Dataset {name}") as connection:
            head = self._head(connection, name)
            chosen = tables.alive(head.id, self._revision(connection, head, revision).number)
            if search:
                chosen = and_(
                    chosen,
                    or_(
                        tables.pairs.c.prompt.icontains(search, autoescape=True),
                        tables.pairs.c.target.icontains(search, autoescape=True),
                    ),
                )
                total = connection.scalar(select(func.count()).select_from(tables.pairs).where(chosen)) or 0
            else:
                total = self._revision(connection, head, revision).pair_count
            pages = max(1, math.ceil(total / page_size))
            first = (min(max(page, 1), pages) - 1) * page_size
            found = connection.execute(tables.in_order(chosen).limit(page_size).offset(first)).all()
            rows = (PairRow(row.id, first + place, tables.to_pair(row)) for place, row in enumerate(found, start=1))
            return PairPage(tuple(rows), total, pages)

    def pairs(self, name: str, revision: int | None = None) -> list[Pair]:
        """All pairs of a revision, the newest if None, in order. Raises DatasetError."""
        with self._reading(f"Dataset {name}") as connection:
            head = self._head(connection, name)
            number = self._revision(connection, head, revision).number
            rows = connection.execute(tables.in_order(tables.alive(head.id, number)))
            return [tables.to_pair(row) for row in rows]

    def row(self, name: str, row_id: int) -> PairRow | None:
        """One living row of the newest revision, or None."""
        with self._reading(f"Dataset {name}") as connection:
            head = self._head(connection, name)
            found = connection.execute(
                tables.in_order(and_(tables.alive(head.id, head.number), tables.pairs.c.id == row_id))
            ).first()
            return PairRow(found.id, 0, tables.to_pair(found)) if found else None

    def save(self, name: str, base_revision: int, edits: Edits, note: str = "") -> DatasetInfo:
        """Apply `edits` to `base_revision` and keep the result as the next revision.

        A row changed to what it already is does not count. Raises EditConflict if somebody saved since, DatasetError
        for bad pairs, edits of rows that are not there, or nothing to save. Nothing changes on any error.
        """
        deleted = set(edits.deleted)
        changed = {row_id: pair for row_id, pair in edits.changed.items() if row_id not in deleted}
        if new := [*changed.values(), *edits.added]:
            check_pairs(new, f"{name}, edited")
        with self._writing_next(name, base_revision) as (connection, head):
            number = head.number + 1
            changed = tables.really_changed(connection, head, changed)
            ended = deleted | set(changed)
            if not ended and not edits.added:
                raise DatasetError(f"{name}: nothing was changed, so there is nothing to save.")
            positions = tables.end_rows(connection, head, ended, number)
            if len(positions) != len(ended):
                raise DatasetError(
                    f"{name}: a pair that was edited is no longer there. Reload the page and edit again."
                )
            last = connection.scalar(
                select(func.max(tables.pairs.c.position)).where(tables.pairs.c.dataset_id == head.id)
            )
            placed = [(positions[row_id], pair) for row_id, pair in changed.items()]
            placed += [((last or 0) + place, pair) for place, pair in enumerate(edits.added, start=1)]
            tables.insert_pairs(connection, head.id, number, placed)
            remaining = [
                tables.to_pair(row) for row in connection.execute(tables.in_order(tables.alive(head.id, number)))
            ]
            if not remaining:
                raise DatasetError(f"{name}: this would leave no pair at all. Delete the dataset instead.")
            tables.insert_revision(
                connection, head.id, number, self._moment(), note, remaining, added=len(placed), removed=len(ended)
            )
        return self.info(name)

    def revisions(self, name: str) -> list[RevisionInfo]:
        """All revisions, newest first. Raises DatasetError."""
        with self._reading(f"Dataset {name}") as connection:
            head = self._head(connection, name)
            rows = connection.execute(
                select(tables.revisions)
                .where(tables.revisions.c.dataset_id == head.id)
                .order_by(tables.revisions.c.number.desc())
            )
            return [
                RevisionInfo(row.number, _utc(row.created_at), row.note, row.pair_count, row.added, row.removed)
                for row in rows
            ]

    def restore(self, name: str, revision: int, base_revision: int, note: str = "") -> DatasetInfo:
        """Make a new revision with the pairs of an old one. Raises as `save` does."""
        with self._writing_next(name, base_revision) as (connection, head):
            old = self._revision(connection, head, revision)
            number = head.number + 1
            now_alive = connection.execute(tables.in_order(tables.alive(head.id, head.number))).all()
            then_alive = connection.execute(tables.in_order(tables.alive(head.id, old.number))).all()
            if [tables.to_pair(row) for row in then_alive] == [tables.to_pair(row) for row in now_alive]:
                raise DatasetError(f"{name}: revision {revision} is what there is already. Nothing to restore.")
            then_ids, now_ids = {row.id for row in then_alive}, {row.id for row in now_alive}
            tables.end_rows(connection, head, now_ids - then_ids, number)
            returning = [(row.position, tables.to_pair(row)) for row in then_alive if row.id not in now_ids]
            tables.insert_pairs(connection, head.id, number, returning)
            tables.insert_revision(
                connection,
                head.id,
                number,
                self._moment(),
                note or f"revision {revision} again",
                [tables.to_pair(row) for row in then_alive],
                added=len(returning),
                removed=len(now_ids - then_ids),
            )
        return self.info(name)

    def rename(self, name: str, new_name: str) -> DatasetInfo:
        """Raises DatasetError if the new name is bad or taken."""
        new_name = _checked_name(new_name)
        try:
            with self._writing(f"Dataset {name}") as connection:
                head = self._head(connection, name)
                connection.execute(update(tables.datasets).where(tables.datasets.c.id == head.id).values(name=new_name))
        except IntegrityError as exc:
            raise self._name_taken(new_name) from exc
        return self.info(new_name)

    def delete(self, name: str) -> None:
        """Move a dataset to the trash with all its revisions; `undelete` brings it back."""
        with self._writing(f"Dataset {name}") as connection:
            head = self._head(connection, name)
            connection.execute(
                update(tables.datasets).where(tables.datasets.c.id == head.id).values(deleted_at=self._moment())
            )

    def deleted(self) -> list[DatasetInfo]:
        """What lies in the trash, the latest change first."""
        with self._reading("The trash") as connection:
            return [_info(row) for row in connection.execute(tables.heads(deleted=True))]

    def undelete(self, name: str) -> DatasetInfo:
        """Bring the last dataset deleted under this name back. Raises DatasetError if its name is taken by now."""
        try:
            with self._writing(f"Dataset {name}") as connection:
                wanted = tables.heads(deleted=True).where(tables.datasets.c.name == name)
                head = connection.execute(wanted.order_by(None).order_by(tables.datasets.c.deleted_at.desc())).first()
                if head is None:
                    raise DatasetError(f"There is no dataset called {name!r} in the trash.")
                connection.execute(
                    update(tables.datasets).where(tables.datasets.c.id == head.id).values(deleted_at=None)
                )
        except IntegrityError as exc:
            raise DatasetError(f"Another dataset is called {name!r} by now. Rename that one first.") from exc
        return self.info(name)

    @contextlib.contextmanager
    def _reading(self, what: str) -> Iterator[Connection]:
        with database_errors(what):
            self._prepare()
            with self._engine.connect() as connection, connection.begin():
                yield connection

    @contextlib.contextmanager
    def _writing(self, what: str) -> Iterator[Connection]:
        """One transaction; a broken uniqueness rule stays an IntegrityError for the caller to put into words."""
        try:
            with database_errors(what):
                self._prepare()
                with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
                    yield connection
        except Exception as exc:
            if isinstance(exc.__cause__, IntegrityError):
                raise exc.__cause__ from None
            raise

    @contextlib.contextmanager
    def _writing_next(self, name: str, base_revision: int) -> Iterator[tuple[Connection, Row[Any]]]:
        """One transaction that follows on `base_revision`. Raises EditConflict if that is not the newest any more."""
        try:
            with self._writing(f"Dataset {name}") as connection:
                head = self._head(connection, name)
                if head.number != base_revision:
                    raise _conflict(name, head.number, base_revision)
                yield connection, head
        except IntegrityError as exc:
            # A database server lets two writers begin; the revision's unique number then stops the second.
            raise _conflict(name, base_revision + 1, base_revision) from exc

    def _name_taken(self, name: str) -> DatasetError:
        """The error for a name in use, with one that is free."""
        names = {info.name for info in self.infos()}
        endings = (f" {number}" for number in itertools.count(2))
        free = next(
            other for ending in endings if (other := name[: MAX_NAME_CHARACTERS - len(ending)] + ending) not in names
        )
        return DatasetError(f"There is already a dataset called {name!r}. Choose another name, such as {free!r}.")

    def _prepare(self) -> None:
        if not self._prepared:
            with self._preparing:
                if not self._prepared:
                    tables.create_tables(self._engine)
                    self._prepared = True

    def _head(self, connection: Connection, name: str) -> Row[Any]:
        wanted = tables.heads(deleted=False).where(tables.datasets.c.name == name)
        # Stored names are printable; a path from the command line may hold what no database takes.
        head = connection.execute(wanted).first() if name.isprintable() else None
        if head is None:
            there = (
                ", ".join(row.name for row in connection.execute(tables.heads(deleted=False).limit(5))) or "none yet"
            )
            raise DatasetError(f"There is no dataset called {name!r}. There are: {there}.")
        return head

    def _revision(self, connection: Connection, head: Row[Any], number: int | None) -> Row[Any]:
        if number is None or number == head.number:
            return head
        found = connection.execute(
            select(tables.revisions).where(
                tables.revisions.c.dataset_id == head.id, tables.revisions.c.number == number
            )
        ).first()
        if found is None:
            raise DatasetError(f"{head.name} has no revision {number}. The newest is {head.number}.")
        return found

    def _moment(self) -> datetime:
        return self._now().astimezone(UTC).replace(tzinfo=None)


def _conflict(name: str, number: int, base_revision: int) -> EditConflict:
    return EditConflict(
        f"{name} was saved as revision {number} by somebody else while you were editing revision {base_revision}. "
        "Reload it and make your changes again; nothing was overwritten."
    )


def _info(row: Row[Any] | None) -> DatasetInfo:
    assert row is not None
    return DatasetInfo(
        name=row.name,
        revision=row.number,
        pair_count=row.pair_count,
        created_at=_utc(row.created_at),
        changed_at=_utc(row.changed_at),
        origin=row.origin,
        note=row.note,
        fingerprint=row.fingerprint,
    )


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def _checked_name(name: str) -> str:
    """The name without spaces around it. Raises DatasetError if it cannot be one."""
    stripped = name.strip()
    if not stripped or len(stripped) > MAX_NAME_CHARACTERS or not stripped.isprintable() or set(stripped) & set("/\\"):
        raise DatasetError(
            f"{name!r} cannot be a dataset's name. Use 1 to {MAX_NAME_CHARACTERS} printable characters without slashes."
        )
    return stripped
