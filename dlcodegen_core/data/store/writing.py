"""The statements that add and end rows of pairs, and that keep fingerprints and the search index in step."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, insert, select, text, update

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store.fingerprints import row_number
from dlcodegen_core.data.store.schema import SEARCH_TABLE, pairs, revisions, to_pair

ROWS_AT_ONCE = 5_000
_INDEX_NEW = text(
    f"INSERT INTO {SEARCH_TABLE}(rowid, prompt, target) SELECT id, prompt, target FROM pairs WHERE id > :last"
)


def insert_pairs(connection: Connection, dataset_id: int, number: int, placed: Iterable[tuple[float, Pair]]) -> int:
    """Add rows that live from revision `number` on; the sum of their fingerprint numbers."""
    # Nobody else inserts into an SQLite database within this transaction, so what has a greater id is new.
    last = connection.scalar(select(func.max(pairs.c.id))) or 0
    numbers = 0
    rows: list[dict[str, Any]] = []
    for position, pair in placed:
        numbers += row_number(position, pair)
        rows.append(
            {
                "dataset_id": dataset_id,
                "position": float(position),
                "prompt": pair.prompt,
                "target": pair.target,
                "language": pair.language,
                "source": pair.source,
                "line": pair.line,
                "kind": pair.kind,
                "commit_id": pair.commit,
                "suffix": pair.suffix,
                "prompt_length": len(pair.prompt),
                "target_length": len(pair.target),
                "added_in": number,
            }
        )
        if len(rows) == ROWS_AT_ONCE:
            connection.execute(insert(pairs), rows)
            rows = []
    if rows:
        connection.execute(insert(pairs), rows)
    if connection.dialect.name == "sqlite":
        connection.execute(_INDEX_NEW, {"last": last})
    return numbers


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
