"""The tables of stored datasets. Rows of pairs are never changed: an edit ends one row's life and begins another's.

A pair belongs to revision r if added_in <= r and it was not removed by then, so any revision can be read back and
an edit costs only the rows it touches.
"""

from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    insert,
    select,
)

from dlcodegen_core.errors import StorageError

SCHEMA_VERSION = 1

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
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        metadata.create_all(connection)
        found = connection.scalar(select(schema.c.version))
        if found is None:
            connection.execute(insert(schema).values(version=SCHEMA_VERSION))
        elif found > SCHEMA_VERSION:
            raise StorageError(
                f"The database was made by a newer version of this program (layout {found}, known is "
                f"{SCHEMA_VERSION}). Use that version, or set DLCODEGEN_HOME to another folder."
            )
