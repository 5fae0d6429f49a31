"""Texts taken out for good: not moved to the trash, not left in old revisions, the search index or the file.

A purged row stays as an empty one that belongs to no revision, so that its id is never given again: the index of
nearest pairs knows rows by their ids.
"""

import logging
import time
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, delete, func, select, text, update

from dlcodegen_core.data.store.fingerprints import carried_on, row_number
from dlcodegen_core.data.store.records import PairRow
from dlcodegen_core.data.store.schema import (
    INDEXED,
    SEARCH_TABLE,
    alive,
    checkups,
    datasets,
    flags,
    pairs,
    revisions,
    to_pair,
)
from dlcodegen_core.data.store.transactions import Transactions, heads
from dlcodegen_core.errors import DatasetError
from dlcodegen_core.storage.database import database_errors

logger = logging.getLogger(__name__)

IDS_AT_ONCE = 500
PURGED = "purged"
# Before the first revision, so that it is alive in none and nothing in the trash was replaced by it.
_NEVER = {"added_in": 0, "removed_in": 0, "ended_by": PURGED}
_BLANK = {
    "prompt": "", "target": "", "suffix": None, "source": None, "line": None, "commit_id": None, "kind": None,
    "language": None, "prompt_length": 0, "target_length": 0,
}  # fmt: skip
_FORGET = text(
    f"INSERT INTO {SEARCH_TABLE}({SEARCH_TABLE}, rowid, prompt, target) "
    f"SELECT 'delete', id, {INDEXED} FROM pairs WHERE id = :id"
)
_MERGE = text(f"INSERT INTO {SEARCH_TABLE}({SEARCH_TABLE}, rank) VALUES ('merge', :pages)")
MERGED_PAGES = 500  # by one statement: others may write between two of them
CHECKPOINTS = 40
CHECKPOINT_SECONDS = 0.05


def rows_ever(transactions: Transactions, name: str, prompt: str) -> list[PairRow]:
    """The rows of all places where a prompt ever stood; see DatasetStore.rows_ever."""
    with transactions.reading(f"Dataset {name}") as connection:
        mine = select(datasets.c.id).where(datasets.c.name == name)
        place = pairs.alias()
        with_prompt = and_(place.c.dataset_id.in_(mine), place.c.prompt == prompt, place.c.prompt_length == len(prompt))
        there = select(place.c.dataset_id, place.c.position).where(with_prompt).distinct().subquery()
        here = and_(pairs.c.dataset_id == there.c.dataset_id, pairs.c.position == there.c.position)
        found = connection.execute(select(pairs).join(there, here).where(pairs.c.added_in > 0).order_by(pairs.c.id))
        return [PairRow(row.id, 0, to_pair(row)) for row in found]


def purge(transactions: Transactions, name: str, row_ids: Collection[int]) -> int:
    """Blank dead rows for good; see DatasetStore.purge."""
    with transactions.writing(f"Dataset {name}") as connection:
        rows = _dead_rows(connection, name, row_ids)
        for row in rows:
            _leave_revisions(connection, row)
            if connection.dialect.name == "sqlite":
                connection.execute(_FORGET, {"id": row.id})  # it needs the texts, so it comes before they go
            connection.execute(update(pairs).where(pairs.c.id == row.id).values({**_BLANK, **_NEVER}))
        for dataset_id in {row.dataset_id for row in rows}:
            mine = select(pairs.c.id).where(pairs.c.dataset_id == dataset_id)
            connection.execute(delete(flags).where(flags.c.pair_id.in_(mine)))
            connection.execute(delete(checkups).where(checkups.c.dataset_id == dataset_id))
    if rows and transactions.engine.dialect.name == "sqlite":
        _merge_search_index(transactions)
        wipe_log(transactions.engine)
    return len(rows)


def wipe_log(engine: Engine) -> None:
    """Bring SQLite's write-ahead log into the file and cut it to nothing: it keeps what pages held before.

    A reader of another process may hold it for a moment. If one holds it for long, the log is overwritten later.
    """
    for _try in range(CHECKPOINTS):
        with database_errors("The database's log"):
            connection = engine.raw_connection()
            try:
                busy = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                connection.close()
        if not busy:
            return
        time.sleep(CHECKPOINT_SECONDS)
    logger.warning("Somebody reads the database; what was forgotten leaves its log when they have ended.")


def _dead_rows(connection: Connection, name: str, row_ids: Collection[int]) -> list[Row[Any]]:
    """The rows that are to go. Raises DatasetError if one of them is alive in a dataset outside the trash."""
    mine = select(datasets.c.id).where(datasets.c.name == name)
    rows: list[Row[Any]] = []
    for some in _some(sorted(row_ids)):
        wanted = and_(pairs.c.id.in_(some), pairs.c.dataset_id.in_(mine), pairs.c.added_in > 0)
        rows.extend(connection.execute(select(pairs).where(wanted)))
    head = connection.execute(heads(deleted=False).where(datasets.c.name == name)).first()
    if head is not None:
        living = select(func.count()).select_from(pairs).where(alive(head.id, head.number))
        for some in _some([row.id for row in rows]):
            if connection.scalar(living.where(pairs.c.id.in_(some))):
                raise DatasetError(f"{name}: a pair that is still there cannot be purged. Delete it first.")
    return rows


def _leave_revisions(connection: Connection, row: Row[Any]) -> None:
    """Count a row out of all revisions that it belonged to."""
    mine = revisions.c.dataset_id == row.dataset_id
    had_it = select(revisions).where(mine, revisions.c.number >= row.added_in)
    if row.removed_in is not None:
        had_it = had_it.where(revisions.c.number < row.removed_in)
    number = row_number(row.position, to_pair(row))
    for found in connection.execute(had_it).all():
        values = {"pair_count": found.pair_count - 1, "fingerprint": carried_on(found.fingerprint, removed=number)}
        connection.execute(update(revisions).where(revisions.c.id == found.id).values(values))
    came, went = revisions.c.number == row.added_in, revisions.c.number == row.removed_in
    connection.execute(update(revisions).where(mine, came).values(added=revisions.c.added - 1))
    connection.execute(update(revisions).where(mine, went).values(removed=revisions.c.removed - 1))


def _merge_search_index(transactions: Transactions) -> None:
    """Rewrite the index piece by piece: until then its older parts know which threes of characters a row had."""
    pages = -MERGED_PAGES  # the sign begins a merge of everything; what follows goes on with it
    while True:
        with transactions.writing("The search index") as connection:
            before = connection.scalar(text("SELECT total_changes()"))
            connection.execute(_MERGE, {"pages": pages})
            changes = (connection.scalar(text("SELECT total_changes()")) or 0) - (before or 0)
        if changes < 2:  # as SQLite's manual has it: nothing was left to merge
            return
        pages = MERGED_PAGES


def _some(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The ids in pieces that a statement can hold."""
    return (ids[at : at + IDS_AT_ONCE] for at in range(0, len(ids), IDS_AT_ONCE))
