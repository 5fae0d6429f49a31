"""Opening the database and putting its refusals into words."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from dlcodegen_core.data.store import schema as tables
from dlcodegen_core.errors import ConfigError, StorageError
from dlcodegen_core.storage.database import database_errors, open_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Callable[[], Engine]]:
    """Opens the same file each time it is called."""
    engines: list[Engine] = []

    def opened() -> Engine:
        engines.append(open_database(f"sqlite:///{tmp_path / 'deep' / 'workbench.sqlite'}"))
        return engines[-1]

    yield opened
    for engine in engines:
        engine.dispose()


def _ask(engine: Engine, statement: str) -> object:
    with engine.connect() as connection:
        return connection.scalar(text(statement))


def test_the_folder_is_made_and_a_commit_survives(database: Callable[[], Engine]) -> None:
    with database().begin() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
        connection.execute(text("INSERT INTO t VALUES (7)"))
    assert _ask(database(), "SELECT x FROM t") == 7


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 10_000), ("synchronous", 2)]
)
def test_every_connection_is_durable_and_strict(database: Callable[[], Engine], pragma: str, value: object) -> None:
    assert _ask(database(), f"PRAGMA {pragma}") == value


def test_a_reader_sees_the_old_state_while_a_writer_works(database: Callable[[], Engine]) -> None:
    engine = database()
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
    with engine.connect().execution_options(writes=True) as writer, writer.begin():
        writer.execute(text("INSERT INTO t VALUES (7)"))
        assert _ask(database(), "SELECT count(*) FROM t") == 0


def test_lower_case_is_more_than_ascii(database: Callable[[], Engine]) -> None:
    assert _ask(database(), "SELECT lower('ÉÀЖ')") == "éàж"
    assert _ask(database(), "SELECT lower(NULL)") is None


@pytest.mark.parametrize("url", ["no url at all", "nosuchbase://host/name"])
def test_a_url_that_cannot_be_used_names_the_setting(url: str) -> None:
    with pytest.raises(ConfigError, match="DLCODEGEN_DATABASE_URL cannot be used"):
        open_database(url)


def test_a_password_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        open_database("nosuchbase://me:secret@host/name")
    assert "secret" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="could not be saved"):
        open_database(f"sqlite:///{tmp_path / 'file' / 'workbench.sqlite'}")


def test_a_damaged_file_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_bytes(b"this is no database at all " * 100)
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    told = r"The list: .*file is not a database.*restore it from a backup"
    with pytest.raises(StorageError, match=told), database_errors("The list"):
        _ask(engine, "SELECT 1")
    engine.dispose()


def test_a_locked_database_says_to_try_again(database: Callable[[], Engine], tmp_path: Path) -> None:
    connection = database().connect()
    connection.exec_driver_sql("PRAGMA busy_timeout=0")
    connection.rollback()
    other = sqlite3.connect(tmp_path / "deep" / "workbench.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match=r"locked.*try again in a moment"), database_errors("The list"):
        connection.execution_options(writes=True).begin()
    connection.close()
    other.close()


def test_a_full_disk_says_that_nothing_is_lost(database: Callable[[], Engine]) -> None:
    with database().begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        connection.exec_driver_sql("PRAGMA max_page_count=3")
        with pytest.raises(StorageError, match=r"full.*Free some space"), database_errors("The list"):
            connection.exec_driver_sql("INSERT INTO t VALUES (zeroblob(1000000))")


def test_a_read_only_database_says_to_check_the_permissions(database: Callable[[], Engine]) -> None:
    with database().connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
        with pytest.raises(StorageError, match=r"readonly.*can be read and written"), database_errors("The list"):
            connection.exec_driver_sql("CREATE TABLE t (x)")


def test_the_cause_is_kept(database: Callable[[], Engine]) -> None:
    with pytest.raises(StorageError) as caught, database_errors("The list"):
        raise IntegrityError("INSERT", {}, Exception("UNIQUE"))
    assert isinstance(caught.value.__cause__, IntegrityError)


def test_a_database_of_a_newer_program_is_refused_and_left_alone(database: Callable[[], Engine]) -> None:
    engine = database()
    tables.create_tables(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE workbench_schema SET version = 99"))
        connection.execute(text("DROP TABLE pairs"))
    with pytest.raises(StorageError, match=r"newer version of this program \(layout 99, known is 2\)"):
        tables.create_tables(database())
    assert _ask(engine, "SELECT count(*) FROM sqlite_master WHERE name = 'pairs'") == 0


def test_opening_does_not_wait_for_somebody_elses_save(database: Callable[[], Engine]) -> None:
    engine = database()
    tables.create_tables(engine)
    with engine.connect().execution_options(writes=True) as writer, writer.begin():
        tables.create_tables(database())
