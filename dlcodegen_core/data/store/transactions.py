"""Reading and writing transactions over the stored datasets, and finding a dataset and its revisions in them."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, and_, func, select
from sqlalchemy.exc import IntegrityError

from dlcodegen_core.data.store.schema import create_tables, datasets, revisions
from dlcodegen_core.errors import DatasetError, EditConflict
from dlcodegen_core.storage.database import database_errors

DATASETS_NAMED = 5  # in the message about one that is not there


class Transactions:
    """Thread-safe; makes the tables on first use."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self.engine = engine
        self._now = now
        self._prepared = False
        self._preparing = threading.Lock()

    @contextlib.contextmanager
    def reading(self, what: str) -> Iterator[Connection]:
        """One transaction that sees one state. Raises StorageError naming `what` if the database refuses."""
        with database_errors(what):
            self._prepare()
            with self.engine.connect() as connection, connection.begin():
                yield connection

    @contextlib.contextmanager
    def writing(self, what: str) -> Iterator[Connection]:
        """One transaction; a broken uniqueness rule stays an IntegrityError for the caller to put into words."""
        try:
            with database_errors(what):
                self._prepare()
                with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
                    yield connection
        except Exception as exc:
            if isinstance(exc.__cause__, IntegrityError):
                raise exc.__cause__ from None
            raise

    @contextlib.contextmanager
    def writing_next(self, name: str, base_revision: int) -> Iterator[tuple[Connection, Row[Any]]]:
        """One transaction that follows on `base_revision`. Raises EditConflict if that is not the newest any more."""
        try:
            with self.writing(f"Dataset {name}") as connection:
                # SQLite lets one writer in at a time; elsewhere the next one waits here, and sees what the first saved.
                if name.isprintable():
                    connection.execute(select(datasets.c.id).where(datasets.c.name == name).with_for_update())
                head = self.head(connection, name)
                if head.number != base_revision:
                    raise _conflict(name, head.number, base_revision)
                yield connection, head
        except IntegrityError as exc:
            # A database server lets two writers begin; the revision's unique number then stops the second.
            raise _conflict(name, base_revision + 1, base_revision) from exc

    def head(self, connection: Connection, name: str) -> Row[Any]:
        """A dataset with its newest revision. Raises DatasetError if there is none of that name."""
        wanted = heads(deleted=False).where(datasets.c.name == name)
        # Stored names are printable; a path from the command line may hold what no database takes.
        head = connection.execute(wanted).first() if name.isprintable() else None
        if head is None:
            there = (
                ", ".join(row.name for row in connection.execute(heads(deleted=False).limit(DATASETS_NAMED)))
                or "none yet"
            )
            raise DatasetError(f"There is no dataset called {name!r}. There are: {there}.")
        return head

    def revision(self, connection: Connection, head: Row[Any], number: int | None) -> Row[Any]:
        """A revision of the dataset `head`, the newest if None. Raises DatasetError if there is no such one."""
        if number is None or number == head.number:
            return head
        found = connection.execute(
            select(revisions).where(revisions.c.dataset_id == head.id, revisions.c.number == number)
        ).first()
        if found is None:
            raise DatasetError(f"{head.name} has no revision {number}. The newest is {head.number}.")
        return found

    def moment(self) -> datetime:
        """Now, in UTC and without a zone, as the tables hold it."""
        return self._now().astimezone(UTC).replace(tzinfo=None)

    def _prepare(self) -> None:
        if not self._prepared:
            with self._preparing:
                if not self._prepared:
                    create_tables(self.engine)
                    self._prepared = True


def heads(deleted: bool | None) -> Select[Any]:
    """Datasets joined with their newest revision, the latest change first; one being imported has none yet."""
    newest = (
        select(revisions.c.dataset_id, func.max(revisions.c.number).label("number"))
        .group_by(revisions.c.dataset_id)
        .subquery()
    )
    query = (
        select(
            datasets.c.id,
            datasets.c.name,
            datasets.c.origin,
            datasets.c.created_at,
            revisions.c.number,
            revisions.c.pair_count,
            revisions.c.note,
            revisions.c.fingerprint,
            revisions.c.created_at.label("changed_at"),
        )
        .join(newest, newest.c.dataset_id == datasets.c.id)
        .join(
            revisions,
            and_(revisions.c.dataset_id == datasets.c.id, revisions.c.number == newest.c.number),
        )
        .order_by(revisions.c.created_at.desc(), datasets.c.id.desc())
    )
    if deleted is None:
        return query
    return query.where(datasets.c.deleted_at.is_not(None) if deleted else datasets.c.deleted_at.is_(None))


def utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def _conflict(name: str, number: int, base_revision: int) -> EditConflict:
    return EditConflict(
        f"{name} was saved as revision {number} by somebody else while you were editing revision {base_revision}. "
        "Reload it and make your changes again; nothing was overwritten."
    )
