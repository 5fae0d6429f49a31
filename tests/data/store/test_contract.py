"""The store's contract on SQLite, and what only SQLite has: the search index and the older layout."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import DatasetStore, PairFilter
from dlcodegen_core.errors import StorageError
from dlcodegen_core.storage.database import open_database
from tests.data.store.contract import ALL, CONTRACT


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'workbench.sqlite'}")
    yield engine
    engine.dispose()


@pytest.mark.parametrize("rule", CONTRACT, ids=lambda rule: rule.__name__)
def test_sqlite_keeps_the_contract(engine: Engine, rule: Callable[[DatasetStore], None]) -> None:
    rule(DatasetStore(engine))


letters = st.text(st.sampled_from("abAB é Éß_%\\\"'(σςΣ漢字\n"), min_size=1, max_size=8).filter(str.strip)


@settings(max_examples=60, deadline=None)
@given(st.lists(letters, min_size=1, max_size=6), letters)
def test_a_search_finds_what_python_finds(targets: list[str], search: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{folder}/a.sqlite")
        store = DatasetStore(engine)
        store.create("d", [Pair("$", target) for target in targets])
        found = [row.pair.target for row in store.page("d", wanted=search).rows]
        engine.dispose()
    assert found == [target for target in targets if search.lower() in target.lower()]


def test_what_a_killed_import_has_left_is_cleared_away_later(engine: Engine) -> None:
    time = datetime(2026, 1, 1, tzinfo=UTC)
    store = DatasetStore(engine, now=lambda: time)
    store.infos()
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.exec_driver_sql(
            "INSERT INTO datasets(id, name, origin, created_at) VALUES (7, 'importing/x', '', '2026-01-01 00:00:00')"
        )
        connection.exec_driver_sql(
            "INSERT INTO pairs(dataset_id, position, prompt, target, added_in) VALUES (7, 1.0, 'left over', 't', 1)"
        )
        connection.exec_driver_sql(
            "INSERT INTO pair_search(rowid, prompt, target) SELECT id, prompt, target FROM pairs"
        )
    rows = "SELECT (SELECT count(*) FROM pairs), (SELECT count(*) FROM pair_search WHERE pair_search MATCH '\"eft\"')"
    store.create("soon", ALL)
    with engine.connect() as connection:
        assert connection.exec_driver_sql(rows).one() == (1 + len(ALL), 1)
    time += timedelta(hours=1)
    store.create("later", ALL)
    with engine.connect() as connection:
        assert connection.exec_driver_sql(rows).one() == (2 * len(ALL), 0)


VERSION_1 = """
CREATE TABLE workbench_schema (version INTEGER NOT NULL PRIMARY KEY);
INSERT INTO workbench_schema VALUES (1);
CREATE TABLE datasets (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL, origin VARCHAR(200) NOT NULL,
  created_at DATETIME NOT NULL, deleted_at DATETIME);
CREATE UNIQUE INDEX living_names ON datasets (name) WHERE deleted_at IS NULL;
CREATE TABLE revisions (id INTEGER NOT NULL PRIMARY KEY, dataset_id INTEGER NOT NULL REFERENCES datasets (id),
  number INTEGER NOT NULL, created_at DATETIME NOT NULL, note TEXT NOT NULL, pair_count INTEGER NOT NULL,
  added INTEGER NOT NULL, removed INTEGER NOT NULL, fingerprint VARCHAR(64) NOT NULL, UNIQUE (dataset_id, number));
CREATE TABLE pairs (id INTEGER NOT NULL PRIMARY KEY, dataset_id INTEGER NOT NULL REFERENCES datasets (id),
  position FLOAT NOT NULL, prompt TEXT NOT NULL, target TEXT NOT NULL, language VARCHAR(20), source TEXT, line INTEGER,
  added_in INTEGER NOT NULL, removed_in INTEGER);
CREATE INDEX pairs_in_order ON pairs (dataset_id, position, id);
INSERT INTO datasets VALUES (1, 'old', 'upload', '2026-01-01 00:00:00', NULL);
INSERT INTO revisions VALUES (1, 1, 1, '2026-01-01 00:00:00', '', 3, 3, 0, 'x'),
  (2, 1, 2, '2026-01-02 00:00:00', 'mended', 2, 1, 2, 'y');
INSERT INTO pairs VALUES (1, 1, 1.0, 'first', '1', 'python', 'a.py', 3, 1, NULL),
  (2, 1, 2.0, 'second', '2', NULL, NULL, NULL, 1, 2), (3, 1, 3.0, 'third', '3', NULL, NULL, NULL, 1, 2),
  (4, 1, 2.0, 'second', 'two', NULL, NULL, NULL, 2, NULL);
"""


def test_a_database_of_the_first_layout_is_brought_to_this_one(tmp_path: Path) -> None:
    file = tmp_path / "workbench.sqlite"
    with sqlite3.connect(file) as connection:
        connection.executescript(VERSION_1)
    connection.close()
    engine = open_database(f"sqlite:///{file}")
    store = DatasetStore(engine)
    first, mended, third = Pair("first", "1", "python", "a.py", 3), Pair("second", "two"), Pair("third", "3")
    assert store.pairs("old") == [first, mended]
    assert store.pairs("old", 1) == [first, Pair("second", "2"), third]
    assert [row.pair for row in store.trash("old").rows] == [third]
    assert [row.pair for row in store.page("old", wanted="eco").rows] == [mended]
    assert store.page("old", wanted=PairFilter(target_length=(3, 3))).total == 1
    assert store.restore("old", 1, 2).revision == 3
    assert store.restore("old", 2, 3).fingerprint == store.info("old").fingerprint
    fresh = DatasetStore(engine)
    assert fresh.pairs("old") == [first, mended]
    engine.dispose()


def test_a_database_of_a_later_layout_is_left_alone(engine: Engine) -> None:
    DatasetStore(engine).create("d", ALL)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.exec_driver_sql("UPDATE workbench_schema SET version = 99")
    with pytest.raises(StorageError, match=r"newer version of this program \(layout 99"):
        DatasetStore(engine).infos()
