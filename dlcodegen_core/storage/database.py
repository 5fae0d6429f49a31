"""Opening the database: SQLite in the home folder by default, any SQLAlchemy URL otherwise.

A committed transaction survives a killed process; readers never wait for a writer.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from dlcodegen_core import outbound
from dlcodegen_core.errors import ConfigError, StorageError
from dlcodegen_core.storage.files import disk_errors

BUSY_MILLISECONDS = 10_000
POSTGRESQL_PORT = 5432
MAKING_TABLES = 0x646C6367  # any number that is ours


def open_database(url: str) -> Engine:
    """An engine for `url`; nothing is connected yet.

    Raises ConfigError for a bad URL, StorageError for a folder that cannot be made.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            engine = create_engine(parsed)
            event.listen(engine, "do_connect", _ask_first)
            return engine
    except (ArgumentError, ImportError) as exc:
        raise ConfigError(f"DLCODEGEN_DATABASE_URL cannot be used: {exc}. Leave it empty for SQLite.") from exc
    if parsed.database:
        with disk_errors(Path(parsed.database).name):
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, poolclass=QueuePool, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextlib.contextmanager
def database_errors(what: str) -> Iterator[None]:
    """Translate the database's refusals into a StorageError that names `what` and says what to do."""
    try:
        yield
    except SQLAlchemyError as exc:
        reason = str(exc.orig) if isinstance(exc, DBAPIError) else str(exc)
        raise StorageError(f"{what}: the database refused ({reason}). {_advice(reason, exc)}") from exc


def make_tables_alone(connection: Connection) -> None:
    """Have no other process make tables until this transaction ends; then look again which are missing.

    SQLite lets one writer in at a time. PostgreSQL lets two make the same table, and one of them then fails.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MAKING_TABLES})


def _advice(reason: str, exc: SQLAlchemyError) -> str:
    if "full" in reason:
        return "Free some space and try again; nothing that was saved is lost."
    if "locked" in reason or "busy" in reason:
        return "Another program is writing to it; try again in a moment."
    if "malformed" in reason or "not a database" in reason:
        return "Its file is damaged: restore it from a backup, or move it away to start anew."
    if "readonly" in reason or isinstance(exc, OperationalError):
        return "Check that the file and its folder can be read and written."
    return "Try again; if it stays, restore the file from a backup."


def _ask_first(_dialect: Any, _record: Any, _args: Any, options: dict[str, Any]) -> None:
    # The drivers of servers are native code, whose connections Python does not tell of.
    host = str(options.get("host") or "")
    if not host.startswith("/"):  # the folder of a socket on this machine
        outbound.allow(host, int(options.get("port") or POSTGRESQL_PORT))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not open transactions behind our back: we begin them ourselves, see below.
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        # What is deleted for good must leave no copy in the file's free pages; not every SQLite does so unasked.
        cursor.execute("PRAGMA secure_delete=ON")
    finally:
        cursor.close()
    # SQLite's own lower() knows ASCII only: a search for "é" would miss "É".
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _begin_sqlite(connection: Any) -> None:
    # IMMEDIATE where something will be written: two writers then queue up instead of failing in the middle.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
