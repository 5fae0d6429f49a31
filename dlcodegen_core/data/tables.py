"""The tables of stored datasets and the statements over them.

Rows of pairs are never changed: an edit ends one row's life and begins another's. A pair belongs to revision r if
added_in <= r and it was not removed by then, so any revision can be read back and an edit costs only the rows it
touches.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Row,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    func,
    insert,
    inspect,
    or_,
    select,
    update,
)  # fmt: skip

from dlcodegen_core.data.pairs import Pair, fingerprint
from dlcodegen_core.errors import StorageError

SCHEMA_VERSION = 1
ROWS_AT_ONCE = 5_000
IDS_AT_ONCE = 500

metadata = MetaData()

schema = Table("workbench_schema", metadata, Column("version", Integer, primary_key=True))

datasets = Table(
    "datasets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("origin", String(200), nullable=False, default=""),
    Column("created_at", DateTime, nullable=False),
    Column("deleted_at", DateTime),
)
Index(
    "living_names",
    datasets.c.name,
    unique=True,
    sqlite_where=datasets.c.deleted_at.is_(None),
    postgresql_where=datasets.c.deleted_at.is_(None),
)

revisions = Table(
    "revisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset_id", ForeignKey("datasets.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("note", Text, nullable=False),
    Column("pair_count", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    UniqueConstraint("dataset_id", "number"),
)

pairs = Table(
    "pairs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset_id", ForeignKey("datasets.id"), nullable=False),
    Column("position", Float, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("language", String(20)),
    Column("source", Text),
    Column("line", Integer),
    Column("added_in", Integer, nullable=False),
    Column("removed_in", Integer),
    Index("pairs_in_order", "dataset_id", "position", "id"),
)


def create_tables(engine: Engine) -> None:
    """Make the tables that are missing. Raises StorageError if a newer program made them."""
    # Looked at first without the right to write, so that opening never waits for another process's long save.
    with engine.connect() as connection, connection.begin():
        if _is_current(connection):
            return
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        metadata.create_all(connection)
        if not _is_current(connection):
            connection.execute(insert(schema).values(version=SCHEMA_VERSION))


def _is_current(connection: Connection) -> bool:
    """Whether the tables are there. Raises StorageError if they are of a later layout."""
    found = connection.scalar(select(schema.c.version)) if inspect(connection).has_table(schema.name) else None
    if found is not None and found > SCHEMA_VERSION:
        raise StorageError(
            f"The database was made by a newer version of this program (layout {found}, known is "
            f"{SCHEMA_VERSION}). Use that version, or set DLCODEGEN_HOME to another folder."
        )
    return found == SCHEMA_VERSION


def heads(deleted: bool | None) -> Select[Any]:
    """Datasets joined with their newest revision, the latest change first."""
    newest = (
        select(revisions.c.dataset_id, func.max(revisions.c.number).label("number"))
        .group_by(revisions.c.dataset_id)
        .subquery()
    )
    query = (
        select(
            datasets.c.id,
            datasets.c.name,
            datasets.c.origin,
            datasets.c.created_at,
            revisions.c.number,
            revisions.c.pair_count,
            revisions.c.note,
            revisions.c.fingerprint,
            revisions.c.created_at.label("changed_at"),
        )
        .join(newest, newest.c.dataset_id == datasets.c.id)
        .join(
            revisions,
            and_(revisions.c.dataset_id == datasets.c.id, revisions.c.number == newest.c.number),
        )
        .order_by(revisions.c.created_at.desc(), datasets.c.id.desc())
    )
    if deleted is None:
        return query
    return query.where(datasets.c.deleted_at.is_not(None) if deleted else datasets.c.deleted_at.is_(None))


def alive(dataset_id: int, revision: int) -> Any:
    """The condition that a pair belongs to a revision."""
    return and_(
        pairs.c.dataset_id == dataset_id,
        pairs.c.added_in <= revision,
        or_(pairs.c.removed_in.is_(None), pairs.c.removed_in > revision),
    )


def in_order(condition: Any) -> Select[Any]:
    return select(pairs).where(condition).order_by(pairs.c.position, pairs.c.id)


def really_changed(connection: Connection, head: Row[Any], changed: Mapping[int, Pair]) -> dict[int, Pair]:
    """The changes that make a row other than it is; those of unknown rows stay, for `end_rows` to miss."""
    ids, different = sorted(changed), dict(changed)
    for start in range(0, len(ids), IDS_AT_ONCE):
        chosen = and_(alive(head.id, head.number), pairs.c.id.in_(ids[start : start + IDS_AT_ONCE]))
        for row in connection.execute(select(pairs).where(chosen)):
            if to_pair(row) == changed[row.id]:
                del different[row.id]
    return different


def end_rows(connection: Connection, head: Row[Any], row_ids: Collection[int], number: int) -> dict[int, float]:
    """End the life of living rows with revision `number`; their positions by id."""
    positions: dict[int, float] = {}
    ids = sorted(row_ids)
    for start in range(0, len(ids), IDS_AT_ONCE):
        chosen = and_(alive(head.id, head.number), pairs.c.id.in_(ids[start : start + IDS_AT_ONCE]))
        positions.update({row.id: row.position for row in connection.execute(select(pairs).where(chosen))})
        connection.execute(update(pairs).where(chosen).values(removed_in=number))
    return positions


def insert_pairs(connection: Connection, dataset_id: int, number: int, placed: Iterable[tuple[float, Pair]]) -> None:
    rows: list[dict[str, Any]] = []
    for position, pair in placed:
        rows.append(
            {
                "dataset_id": dataset_id,
                "position": float(position),
                "prompt": pair.prompt,
                "target": pair.target,
                "language": pair.language,
                "source": pair.source,
                "line": pair.line,
                "added_in": number,
            }
        )
        if len(rows) == ROWS_AT_ONCE:
            connection.execute(insert(pairs), rows)
            rows = []
    if rows:
        connection.execute(insert(pairs), rows)


def insert_revision(
    connection: Connection,
    dataset_id: int,
    number: int,
    moment: datetime,
    note: str,
    content: Sequence[Pair],
    added: int,
    removed: int,
) -> None:
    connection.execute(
        insert(revisions).values(
            dataset_id=dataset_id,
            number=number,
            created_at=moment,
            note=note,
            pair_count=len(content),
            added=added,
            removed=removed,
            fingerprint=fingerprint(content),
        )
    )


def origin_exists(connection: Connection, origin: str) -> bool:
    return connection.scalar(select(datasets.c.id).where(datasets.c.origin == origin)) is not None


def to_pair(row: Row[Any]) -> Pair:
    return Pair(row.prompt, row.target, row.language, row.source, row.line)
