"""Storing a new dataset piece by piece: nobody sees it before its last pair is in, and nothing is held in memory.

Each piece is a transaction of its own, so that others can save meanwhile. Until the end the dataset has a name that
no person can give and no revision, so no list shows it. What a killed import leaves is cleared away by a later one.
"""

import contextlib
import itertools
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text, update

from dlcodegen_core.data.pairs import Pair, check_pairs
from dlcodegen_core.data.store.fingerprints import EMPTY, carried_on
from dlcodegen_core.data.store.schema import INDEXED, SEARCH_TABLE, datasets, pairs
from dlcodegen_core.data.store.transactions import Transactions
from dlcodegen_core.data.store.writing import ROWS_AT_ONCE, insert_pairs, insert_revision
from dlcodegen_core.errors import StorageError

_UNFINISHED = "importing/"  # names of datasets have no slashes
# A living import writes every second or so; one that has not for so long was killed.
_GIVEN_UP_AFTER = timedelta(minutes=15)
_FORGET = text(
    f"INSERT INTO {SEARCH_TABLE}({SEARCH_TABLE}, rowid, prompt, target) "
    f"SELECT 'delete', id, {INDEXED} FROM pairs WHERE id BETWEEN :first AND :last AND dataset_id = :dataset"
)

Stored = Callable[[int], None]


def store_new(
    transactions: Transactions,
    name: str,
    content: Iterable[Pair],
    origin: str,
    note: str,
    intake: Mapping[str, Any] | None,
    once: bool,
    stored: Stored,
) -> None:
    """Store a dataset as revision 1. `stored` hears how many pairs are in, and may raise to call it off.

    Raises DatasetError for bad pairs or none at all, IntegrityError if the name is taken; nothing is kept then.
    """
    _clear_given_up(transactions)
    what = f"Dataset {name}"
    temporary = f"{_UNFINISHED}{uuid.uuid4().hex}"
    with transactions.writing(what) as connection:
        row = insert(datasets).values(name=temporary, origin="", created_at=transactions.moment())
        dataset_id = connection.scalar(row.returning(datasets.c.id))
        assert dataset_id is not None
    count, fingerprint = 0, EMPTY
    try:
        for piece in _pieces(content):
            check_pairs(piece, name, first=count + 1)
            with transactions.writing(what) as connection:
                placed = enumerate(piece, start=count + 1)
                fingerprint = carried_on(fingerprint, added=insert_pairs(connection, dataset_id, 1, placed))
                alive = update(datasets).where(datasets.c.id == dataset_id).values(created_at=transactions.moment())
                connection.execute(alive)
            count += len(piece)
            stored(count)
        if not count:
            check_pairs([], name)
        with transactions.writing(what) as connection:
            if once and origin_exists(connection, origin):
                _remove(connection, dataset_id)
                return
            moment = transactions.moment()
            told = json.dumps(dict(intake), ensure_ascii=True) if intake else None
            values = {"name": name, "origin": origin, "intake": told, "created_at": moment}
            connection.execute(update(datasets).where(datasets.c.id == dataset_id).values(values))
            insert_revision(connection, dataset_id, 1, moment, note, count, fingerprint, added=count, removed=0)
    except BaseException:
        # On a full disk this fails as well: the first error is the one to tell, and a later import clears away.
        with contextlib.suppress(StorageError), transactions.writing(what) as connection:
            _remove(connection, dataset_id)
        raise


def origin_exists(connection: Connection, origin: str) -> bool:
    """Whether a dataset of that origin was ever made, deleted ones included."""
    return connection.scalar(select(datasets.c.id).where(datasets.c.origin == origin)) is not None


def _pieces(content: Iterable[Pair]) -> Iterator[list[Pair]]:
    remaining = iter(content)
    while piece := list(itertools.islice(remaining, ROWS_AT_ONCE)):
        yield piece


def _clear_given_up(transactions: Transactions) -> None:
    """Remove what killed imports have left."""
    before = transactions.moment() - _GIVEN_UP_AFTER
    given_up = select(datasets.c.id).where(datasets.c.name.startswith(_UNFINISHED), datasets.c.created_at < before)
    with transactions.reading("The list of datasets") as connection:
        found = connection.scalars(given_up).all()
    for dataset_id in found:
        with transactions.writing("What a broken import has left") as connection:
            _remove(connection, dataset_id)


def _remove(connection: Connection, dataset_id: int) -> None:
    """Take an unfinished dataset out again."""
    ids = connection.scalars(select(pairs.c.id).where(pairs.c.dataset_id == dataset_id).order_by(pairs.c.id)).all()
    if ids and connection.dialect.name == "sqlite":
        connection.execute(_FORGET, {"first": ids[0], "last": ids[-1], "dataset": dataset_id})
    connection.execute(delete(pairs).where(pairs.c.dataset_id == dataset_id))
    connection.execute(delete(datasets).where(datasets.c.id == dataset_id))
