"""The statements that add and end rows of pairs, and that keep fingerprints and the search index in step."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, insert, select, text, update

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store.fingerprints import row_number
from dlcodegen_core.data.store.schema import INDEXED, SEARCH_TABLE, pairs, revisions, to_pair

ROWS_AT_ONCE = 20_000  # fewer, larger pieces leave the search index less to merge
_COLUMNS = (
    "dataset_id", "position", "prompt", "target", "language", "source", "line", "kind", "commit_id", "suffix",
    "prompt_length", "target_length", "added_in",
)  # fmt: skip
# Said in SQLite's own words: a fifth faster than row by row through SQLAlchemy's names.
_INSERT = f"INSERT INTO pairs({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_INDEX_NEW = text(
    f"INSERT INTO {SEARCH_TABLE}(rowid, prompt, target) SELECT id, {INDEXED} FROM pairs WHERE id > :last ORDER BY id"
)


def insert_pairs(connection: Connection, dataset_id: int, number: int, placed: Iterable[tuple[float, Pair]]) -> int:
    """Add rows that live from revision `number` on; the sum of their fingerprint numbers."""
    # Nobody else inserts into an SQLite database within this transaction, so what has a greater id is new.
    last = connection.scalar(select(func.max(pairs.c.id))) or 0
    numbers = 0
    rows: list[tuple[Any, ...]] = []
    for position, pair in placed:
        numbers += row_number(position, pair)
        rows.append(
            (
                dataset_id,
                float(position),
                pair.prompt,
                pair.target,
                pair.language,
                pair.source,
                pair.line,
                pair.kind,
                pair.commit,
                pair.suffix,
                len(pair.prompt),
                len(pair.target),
                number,
            )
        )
        if len(rows) == ROWS_AT_ONCE:
            _insert(connection, rows)
            rows = []
    if rows:
        _insert(connection, rows)
    if connection.dialect.name == "sqlite":
        connection.execute(_INDEX_NEW, {"last": last})
    return numbers


def _insert(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_INSERT, rows)
    else:
        connection.execute(insert(pairs), [dict(zip(_COLUMNS, row, strict=True)) for row in rows])


def end_rows(connection: Connection, ids: Select[Any], number: int, ended_by: str) -> tuple[int, int]:
    """End the life of the rows of these ids with revision `number`; how many, and their fingerprint numbers' sum."""
    wanted = and_(pairs.c.id.in_(ids), pairs.c.removed_in.is_(None))
    ended, numbers = 0, 0
    for row in connection.execute(select(pairs).where(wanted)):
        ended += 1
        numbers += row_number(row.position, to_pair(row))
    connection.execute(update(pairs).where(wanted).values(removed_in=number, ended_by=ended_by))
    return ended, numbers


def insert_revision(
    connection: Connection,
    dataset_id: int,
    number: int,
    moment: datetime,
    note: str,
    pair_count: int,
    fingerprint: str,
    added: int,
    removed: int,
) -> None:
    connection.execute(
        insert(revisions).values(
            dataset_id=dataset_id,
            number=number,
            created_at=moment,
            note=note,
            pair_count=pair_count,
            added=added,
            removed=removed,
            fingerprint=fingerprint,
        )
    )


def ids_of(row_ids: Sequence[int]) -> Select[Any]:
    """A query for these ids; the caller keeps their number below what a statement can hold."""
    return select(pairs.c.id).where(pairs.c.id.in_(row_ids))


def last_position(connection: Connection, head: Row[Any]) -> float:
    """The position of the last pair of any revision; added ones come behind it."""
    return connection.scalar(select(func.max(pairs.c.position)).where(pairs.c.dataset_id == head.id)) or 0.0
