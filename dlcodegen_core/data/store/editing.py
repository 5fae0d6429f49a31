"""New revisions from old ones: edits, deletions of all that match, what comes back, and how two revisions differ.

A pair keeps its position through all its edits, so the position tells what became of a pair.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, not_, select

from dlcodegen_core.data.pairs import Pair, check_pairs
from dlcodegen_core.data.store import selecting
from dlcodegen_core.data.store.browsing import rows_by_id
from dlcodegen_core.data.store.fingerprints import carried_on
from dlcodegen_core.data.store.records import Change, Difference, Edits, PairFilter, PairPage, PairRow
from dlcodegen_core.data.store.schema import DELETED, EDITED, alive, pairs, to_pair
from dlcodegen_core.data.store.transactions import Transactions
from dlcodegen_core.data.store.writing import end_rows, ids_of, insert_pairs, insert_revision, last_position
from dlcodegen_core.errors import DatasetError

IDS_AT_ONCE = 500
CHANGES_SHOWN = 50


class NextRevision:
    """What one transaction takes out of a dataset and adds to it; `keep` makes it the next revision."""

    def __init__(self, transactions: Transactions, connection: Connection, head: Row[Any]) -> None:
        self._transactions = transactions
        self._connection = connection
        self._head = head
        self._added = self._removed = self._added_numbers = self._removed_numbers = 0
        self.number = head.number + 1

    def end(self, ids: Select[Any], ended_by: str) -> int:
        """Take living pairs out; how many there were."""
        ended, numbers = end_rows(self._connection, ids, self.number, ended_by)
        self._removed += ended
        self._removed_numbers += numbers
        return ended

    def end_these(self, row_ids: Collection[int], ended_by: str) -> int:
        """Take living pairs out by their ids, however many."""
        return sum(self.end(self._living(some), ended_by) for some in _some(row_ids))

    def add(self, placed: Sequence[tuple[float, Pair]]) -> None:
        self._added += len(placed)
        self._added_numbers += insert_pairs(self._connection, self._head.id, self.number, placed)

    def keep(self, note: str) -> None:
        """Raises DatasetError if no pair would be left."""
        head = self._head
        count = head.pair_count + self._added - self._removed
        if count == 0:
            raise DatasetError(f"{head.name}: this would leave no pair at all. Delete the dataset instead.")
        fingerprint = carried_on(head.fingerprint, self._added_numbers, self._removed_numbers)
        moment = self._transactions.moment()
        insert_revision(
            self._connection, head.id, self.number, moment, note, count, fingerprint, self._added, self._removed
        )

    def _living(self, row_ids: Sequence[int]) -> Select[Any]:
        return ids_of(row_ids).where(alive(self._head.id, self._head.number))


def save(transactions: Transactions, name: str, base_revision: int, edits: Edits, note: str) -> None:
    """Apply edits; see DatasetStore.save."""
    deleted = set(edits.deleted)
    changed = {row_id: pair for row_id, pair in edits.changed.items() if row_id not in deleted}
    if new := [*changed.values(), *edits.added]:
        check_pairs(new, f"{name}, edited")
    with transactions.writing_next(name, base_revision) as (connection, head):
        stored = rows_by_id(connection, sorted(changed))
        changed = _really_changed(stored, changed)
        if not deleted and not changed and not edits.added:
            raise DatasetError(f"{name}: nothing was changed, so there is nothing to save.")
        revision = NextRevision(transactions, connection, head)
        ended = revision.end_these(deleted, DELETED) + revision.end_these(changed, EDITED)
        if ended != len(deleted) + len(changed):
            raise DatasetError(f"{name}: a pair that was edited is no longer there. Reload the page and edit again.")
        last = last_position(connection, head)
        placed = [(stored[row_id].position, pair) for row_id, pair in changed.items()]
        revision.add(placed + [(last + place, pair) for place, pair in enumerate(edits.added, start=1)])
        revision.keep(note)


def delete_matching(transactions: Transactions, name: str, base_revision: int, wanted: PairFilter, note: str) -> int:
    """Take out all pairs that match; see DatasetStore.delete_matching."""
    with transactions.writing_next(name, base_revision) as (connection, head):
        revision = NextRevision(transactions, connection, head)
        ended = revision.end(selecting.chosen(connection, head.id, head.number, wanted), DELETED)
        if not ended:
            raise DatasetError(f"{name}: no pair matches, so there is nothing to delete.")
        revision.keep(note or f"{ended:,} pairs deleted by a filter")
        return ended


def restore(transactions: Transactions, name: str, number: int, base_revision: int, note: str) -> None:
    """Go back to an older revision; see DatasetStore.restore."""
    with transactions.writing_next(name, base_revision) as (connection, head):
        old = transactions.revision(connection, head, number)
        if old.fingerprint == head.fingerprint:
            raise DatasetError(f"{name}: revision {number} is what there is already. Nothing to restore.")
        then, now = alive(head.id, old.number), alive(head.id, head.number)
        returning = connection.execute(_in_order(and_(then, not_(now)))).all()
        revision = NextRevision(transactions, connection, head)
        revision.end(select(pairs.c.id).where(now, not_(then)), DELETED)
        revision.add([(row.position, to_pair(row)) for row in returning])
        revision.keep(note or f"revision {number} again")


def trash(transactions: Transactions, name: str, number: int, page_size: int) -> PairPage:
    """A page of the pairs that were deleted and have not come back, the latest first."""
    with transactions.reading(f"Dataset {name}") as connection:
        head = transactions.head(connection, name)
        lying = _in_trash(head.id)
        total = connection.scalar(select(func.count()).select_from(pairs).where(lying)) or 0
        pages = max(1, -(-total // page_size))
        first = (min(max(number, 1), pages) - 1) * page_size
        order = (pairs.c.removed_in.desc(), pairs.c.position, pairs.c.id)
        found = connection.execute(select(pairs).where(lying).order_by(*order).limit(page_size).offset(first))
        rows = tuple(PairRow(row.id, first + at, to_pair(row)) for at, row in enumerate(found, start=1))
        return PairPage(rows, total, pages)


def bring_back(
    transactions: Transactions, name: str, base_revision: int, row_ids: Collection[int] | None, note: str
) -> int:
    """Bring deleted pairs back to where they stood, all if None; see DatasetStore.bring_back."""
    with transactions.writing_next(name, base_revision) as (connection, head):
        lying = _in_trash(head.id)
        conditions = [lying] if row_ids is None else [and_(lying, pairs.c.id.in_(some)) for some in _some(row_ids)]
        rows = [row for condition in conditions for row in connection.execute(_in_order(condition))]
        if not rows:
            raise DatasetError(f"{name}: these pairs are no longer in the trash. Reload the page.")
        revision = NextRevision(transactions, connection, head)
        revision.add([(row.position, to_pair(row)) for row in rows])
        revision.keep(note or f"{len(rows):,} pairs back from the trash")
        return len(rows)


def difference(transactions: Transactions, name: str, older: int, newer: int) -> Difference:
    """How `newer` differs from `older`. Raises DatasetError if there is no such revision."""
    with transactions.reading(f"Dataset {name}") as connection:
        head = transactions.head(connection, name)
        then = alive(head.id, transactions.revision(connection, head, older).number)
        now = alive(head.id, transactions.revision(connection, head, newer).number)
        came, went = and_(now, not_(then)), and_(then, not_(now))
        came_count = _count(connection, came)
        went_count = _count(connection, went)
        positions = select(pairs.c.position).where(went)
        # pairs that were there before under another row: edited, or deleted and brought back as they were
        shared = connection.execute(_in_order(and_(came, pairs.c.position.in_(positions)))).all()
        before = {row.position: row for row in connection.execute(_in_order(and_(went, pairs.c.position.in_(
            select(pairs.c.position).where(came)))))}  # fmt: skip
        same = sum(to_pair(row) == to_pair(before[row.position]) for row in shared)
        changed = len(shared) - same
        return Difference(
            added=came_count - len(shared),
            removed=went_count - len(shared),
            changed=changed,
            changes=_first_changes(connection, came, went),
        )


def _first_changes(connection: Connection, came: Any, went: Any) -> tuple[Change, ...]:
    """The first changes in order; of two sorted beginnings, the merged beginning is true to both."""
    after = {row.position: to_pair(row) for row in connection.execute(_in_order(came).limit(CHANGES_SHOWN))}
    before = {row.position: to_pair(row) for row in connection.execute(_in_order(went).limit(CHANGES_SHOWN))}
    ends = [max(side) for side in (after, before) if len(side) == CHANGES_SHOWN]
    positions = sorted(position for position in {*after, *before} if not ends or position <= min(ends))
    changes = (Change(before.get(position), after.get(position)) for position in positions)
    return tuple(change for change in changes if change.before != change.after)


def _really_changed(stored: Mapping[int, Row[Any]], changed: Mapping[int, Pair]) -> dict[int, Pair]:
    """The changes that make a row other than it is; those of unknown rows stay, to be missed when they are ended."""
    return {row_id: pair for row_id, pair in changed.items() if row_id not in stored or to_pair(stored[row_id]) != pair}


def _some(row_ids: Collection[int]) -> Iterator[Sequence[int]]:
    """The ids in pieces that a statement can hold."""
    ids = sorted(row_ids)
    return (ids[at : at + IDS_AT_ONCE] for at in range(0, len(ids), IDS_AT_ONCE))


def _in_order(condition: Any) -> Select[Any]:
    return select(pairs).where(condition).order_by(pairs.c.position, pairs.c.id)


def _count(connection: Connection, condition: Any) -> int:
    return connection.scalar(select(func.count()).select_from(pairs).where(condition)) or 0


def _in_trash(dataset_id: int) -> Any:
    """The condition that a pair was deleted and that nothing has taken its place since."""
    later = pairs.alias()
    came_later = (
        select(later.c.id)
        .where(
            later.c.dataset_id == dataset_id,
            later.c.position == pairs.c.position,
            later.c.added_in >= pairs.c.removed_in,
        )
        .exists()
    )
    deleted = and_(pairs.c.dataset_id == dataset_id, pairs.c.removed_in.is_not(None), pairs.c.ended_by == DELETED)
    return and_(deleted, not_(came_later))
