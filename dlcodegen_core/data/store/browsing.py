"""Reading stored pairs: a page, one, all of them in turn, and how many there are of each sort."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select

from dlcodegen_core.data.store import selecting
from dlcodegen_core.data.store.records import Bar, Living, PairFilter, PairPage, PairRow
from dlcodegen_core.data.store.schema import alive, pairs, to_pair
from dlcodegen_core.data.store.transactions import Transactions

ROWS_AT_ONCE = 2_000
IDS_AT_ONCE = 500
COLUMNS = {
    "language": pairs.c.language,
    "kind": pairs.c.kind,
    "source": pairs.c.source,
    "prompt_length": pairs.c.prompt_length,
    "target_length": pairs.c.target_length,
}
BARS = 12
# The upper ends of the bars of lengths, in characters.
LENGTHS = (10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 10_000, 100_000)


def page(
    transactions: Transactions, name: str, number: int, page_size: int, wanted: PairFilter, revision: int | None
) -> PairPage:
    """Some rows in order; `number` is taken to the nearest page there is."""
    with transactions.reading(f"Dataset {name}") as connection:
        head = transactions.head(connection, name)
        at = transactions.revision(connection, head, revision)
        query = selecting.chosen(connection, head.id, at.number, wanted)
        total, is_exact = selecting.count(connection, query, wanted) if wanted.limits else (at.pair_count, True)
        pages = max(1, math.ceil(total / page_size))
        first = (min(max(number, 1), pages) - 1) * page_size
        ids = connection.scalars(selecting.in_order(query, wanted).limit(page_size).offset(first)).all()
        found = rows_by_id(connection, ids)
        rows = (PairRow(id_, first + place, to_pair(found[id_])) for place, id_ in enumerate(ids, start=1))
        return PairPage(tuple(rows), total, pages, is_exact)


def row(transactions: Transactions, name: str, row_id: int) -> PairRow | None:
    """One living row of the newest revision, or None."""
    with transactions.reading(f"Dataset {name}") as connection:
        head = transactions.head(connection, name)
        found = connection.execute(select(pairs).where(and_(alive(head.id, head.number), pairs.c.id == row_id))).first()
        return PairRow(found.id, 0, to_pair(found)) if found else None


def rows(transactions: Transactions, name: str, row_ids: Sequence[int], revision: int | None) -> list[PairRow]:
    """The rows of these ids that belong to a revision, as they are asked for; the others are left out."""
    with transactions.reading(f"Dataset {name}") as connection:
        head = transactions.head(connection, name)
        number = transactions.revision(connection, head, revision).number
        found = rows_by_id(connection, row_ids, alive(head.id, number))
        return [PairRow(id_, 0, to_pair(found[id_])) for id_ in row_ids if id_ in found]


def living(transactions: Transactions, name: str) -> Living:
    """The ids of the newest revision's rows and where they stand; no texts."""
    with transactions.reading(f"Dataset {name}") as connection:
        head = transactions.head(connection, name)
        found = connection.execute(select(pairs.c.id, pairs.c.position).where(alive(head.id, head.number)))
        return Living(head.id, head.number, {row.id: row.position for row in found})


def each(transactions: Transactions, name: str, wanted: PairFilter, revision: int | None) -> Iterator[PairRow]:
    """All pairs that match, in order, some at a time: a dataset need not fit into memory."""
    with transactions.reading(f"Dataset {name}") as connection:
        head = transactions.head(connection, name)
        number = transactions.revision(connection, head, revision).number
        ids = selecting.in_order(selecting.chosen(connection, head.id, number, wanted), wanted).subquery()
        query = select(pairs).join(ids, ids.c.id == pairs.c.id)
        query = query.order_by(pairs.c.id) if wanted.search else query.order_by(pairs.c.position, pairs.c.id)
        if not wanted.limits:
            query = select(pairs).where(alive(head.id, number)).order_by(pairs.c.position, pairs.c.id)
        found = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query)
        for place, stored in enumerate(found, start=1):
            yield PairRow(stored.id, place, to_pair(stored))


def sample(
    transactions: Transactions, name: str, count: int, wanted: PairFilter, revision: int | None
) -> list[PairRow]:
    """At most `count` of the pairs that match, spread evenly over all of them, in order."""
    with transactions.reading(f"Dataset {name}") as connection:
        head = transactions.head(connection, name)
        number = transactions.revision(connection, head, revision).number
        query = selecting.in_order(selecting.chosen(connection, head.id, number, wanted), wanted)
        ids = connection.scalars(query).all()
        places = range(len(ids)) if len(ids) <= count else [at * len(ids) // count for at in range(count)]
        found = rows_by_id(connection, [ids[place] for place in places])
        return [PairRow(ids[place], place + 1, to_pair(found[ids[place]])) for place in places]


def bars(transactions: Transactions, name: str, column: str, wanted: PairFilter, revision: int | None) -> list[Bar]:
    """A histogram of one of COLUMNS over the pairs that match: the most frequent values, or ranges of lengths."""
    stored = COLUMNS[column]
    with transactions.reading(f"Dataset {name}") as connection:
        head = transactions.head(connection, name)
        number = transactions.revision(connection, head, revision).number
        counted = _counts(connection, head, number, stored, wanted)
    if column.endswith("_length"):
        return _ranges(counted)
    found = [Bar(str(value) if value is not None else "–", count, value=value) for value, count in counted]
    return sorted(found, key=lambda bar: (-bar.count, bar.label))[:BARS]


def _counts(
    connection: Connection, head: Row[Any], revision: int, stored: ColumnElement[Any], wanted: PairFilter
) -> list[tuple[Any, int]]:
    query = selecting.chosen(connection, head.id, revision, wanted)
    if wanted.search:  # as far as a search is counted, so that the bars belong to what is shown
        ids = query.limit(selecting.COUNTED_AT_MOST).subquery()
        query = select(pairs.c.id).join(ids, ids.c.id == pairs.c.id)
    grouped = query.with_only_columns(stored, func.count()).group_by(stored)
    return [(value, count) for value, count in connection.execute(grouped)]


def _ranges(counted: list[tuple[int, int]]) -> list[Bar]:
    found: list[Bar] = []
    low = 0
    for high in LENGTHS:
        count = sum(count for length, count in counted if low <= length <= high)
        found.append(Bar(f"{low:,}–{high:,}", count, low, high))
        low = high + 1
    filled = [place for place, bar in enumerate(found) if bar.count]
    return found[filled[0] : filled[-1] + 1] if filled else []


def rows_by_id(connection: Connection, ids: Any, *limits: ColumnElement[bool]) -> dict[int, Row[Any]]:
    """The rows of these ids, however many, that keep the limits."""
    found: dict[int, Row[Any]] = {}
    for start in range(0, len(ids), IDS_AT_ONCE):
        chosen = select(pairs).where(pairs.c.id.in_(ids[start : start + IDS_AT_ONCE]), *limits)
        found.update({stored.id: stored for stored in connection.execute(chosen)})
    return found
