"""Telling again and again which revision of a dataset is the newest: so quickly that every prediction may ask."""

from typing import Any

from sqlalchemy import Connection, Engine, Select, event, func, select
from sqlalchemy.exc import DBAPIError

from dlcodegen_core.data.store.schema import datasets, revisions
from dlcodegen_core.data.store.transactions import Transactions
from dlcodegen_core.storage.database import database_errors


class RevisionWatch:
    """The newest revision of one dataset, whoever saved it. Keeps a connection, so one thread may look at a time."""

    def __init__(self, transactions: Transactions, name: str) -> None:
        self._transactions = transactions
        self._what = f"Dataset {name}"
        self._query = newest_revision(name)
        self._connection: Connection | None = None
        event.listen(transactions.engine, "engine_disposed", self._close)

    def look(self) -> tuple[int, int] | None:
        """The dataset's id and its newest revision's number, None if there is none. Raises StorageError."""
        if self._connection is not None:
            try:
                return self._asked(self._connection)
            except DBAPIError:  # a server that was restarted has forgotten the connection; a new one will tell
                self._close()
        with self._transactions.reading(self._what):
            pass  # the tables are there from now on
        with database_errors(self._what):
            connection = self._transactions.engine.connect()
            connection.detach()  # it is kept, so it is none of the pool's
            found = self._asked(connection)
            self._connection = connection
            return found

    def _close(self, _engine: Engine | None = None) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _asked(self, connection: Connection) -> tuple[int, int] | None:
        with connection.begin():
            found = connection.execute(self._query).first()
        return (found[0], found[1]) if found else None


def newest_revision(name: str) -> Select[Any]:
    """The query for the id and the newest revision's number of the living dataset of that name."""
    number = select(func.max(revisions.c.number)).where(revisions.c.dataset_id == datasets.c.id).scalar_subquery()
    return select(datasets.c.id, number).where(datasets.c.name == name, datasets.c.deleted_at.is_(None))
