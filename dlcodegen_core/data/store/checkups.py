"""What the doctor found, kept beside the pairs: a report for each dataset, and flags that pairs can be found by."""

import itertools
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, func, insert, select

from dlcodegen_core.data.doctor.checks import Flag
from dlcodegen_core.data.store.records import Checkup
from dlcodegen_core.data.store.schema import alive, checkups, flags, pairs
from dlcodegen_core.data.store.transactions import Transactions, utc

FLAGS_AT_ONCE = 5_000


def keep(
    transactions: Transactions, name: str, revision: int, found: Iterable[Flag], report: Mapping[str, Any]
) -> None:
    """Replace the dataset's flags and report by those of `revision`. Raises DatasetError if it is not there."""
    with transactions.writing(f"The report on {name}") as connection:
        head = transactions.head(connection, name)
        transactions.revision(connection, head, revision)
        mine = select(pairs.c.id).where(pairs.c.dataset_id == head.id)
        connection.execute(delete(flags).where(flags.c.pair_id.in_(mine)))
        connection.execute(delete(checkups).where(checkups.c.dataset_id == head.id))
        rows = ({"pair_id": one.row_id, "check_key": one.check, "detail": one.detail, "fix": one.fix} for one in found)
        while piece := list(itertools.islice(rows, FLAGS_AT_ONCE)):
            connection.execute(insert(flags), piece)
        connection.execute(
            insert(checkups).values(
                dataset_id=head.id,
                revision=revision,
                created_at=transactions.moment(),
                report=json.dumps(dict(report), ensure_ascii=True),
            )
        )


def last(transactions: Transactions, name: str) -> Checkup | None:
    """The last report on a dataset, None if it was never examined. Raises DatasetError."""
    with transactions.reading(f"Dataset {name}") as connection:
        head = transactions.head(connection, name)
        row = connection.execute(select(checkups).where(checkups.c.dataset_id == head.id)).first()
        return Checkup(row.revision, utc(row.created_at), json.loads(row.report)) if row else None


def counts(transactions: Transactions, name: str) -> dict[str, tuple[int, int]]:
    """By check, how many living pairs it flags and how many of them its fix would take out."""
    with transactions.reading(f"Dataset {name}") as connection:
        head = transactions.head(connection, name)
        query = (
            select(flags.c.check_key, flags.c.fix, func.count())
            .join(pairs, pairs.c.id == flags.c.pair_id)
            .where(alive(head.id, head.number))
            .group_by(flags.c.check_key, flags.c.fix)
        )
        found: dict[str, tuple[int, int]] = {}
        for key, fix, count in connection.execute(query):
            flagged, fixable = found.get(key, (0, 0))
            found[key] = (flagged + count, fixable + (count if fix else 0))
        return found


def of_rows(transactions: Transactions, row_ids: Iterable[int]) -> dict[int, list[Flag]]:
    """The flags of these pairs."""
    ids = list(row_ids)
    with transactions.reading("What the doctor found") as connection:
        found: dict[int, list[Flag]] = {}
        for row in connection.execute(select(flags).where(flags.c.pair_id.in_(ids)).order_by(flags.c.check_key)):
            found.setdefault(row.pair_id, []).append(Flag(row.pair_id, row.check_key, row.detail, row.fix))
        return found
