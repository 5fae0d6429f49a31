"""The table of feedback in the workbench's database, SQLite or PostgreSQL."""

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    inspect,
)

from dlcodegen_core.storage.database import make_tables_alone

metadata = MetaData()

events = Table(
    "feedback_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("prompt", Text, nullable=False),
    Column("context", Text, nullable=False),  # JSON: a list of lines
    Column("completion", Text, nullable=False),
    Column("correction", Text, nullable=False),
    Column("version", String(200), nullable=False),
    Column("arm", String(200), nullable=False),
    Column("user_name", String(200), nullable=False),
    Column("latency_ms", Float),
    Column("source", String(10), nullable=False),
    Column("taught_by", Integer),
    Column("similarity", Float),
    Column("retention", Float),
    Column("retention_seconds", Float),
    Column("dataset_id", Integer),
    Column("position", Float),
    Column("forgotten", Boolean, nullable=False, default=False),
    # sha256 of all that stood before the cursor: finds what was said about the same prompt without reading texts
    Column("prompt_digest", String(64), nullable=False),
    sqlite_autoincrement=True,  # an id that was undone is never given again: a late note must not find another event
)
Index("feedback_by_prompt", events.c.prompt_digest)
Index("feedback_by_version", events.c.version, events.c.outcome)


def create_tables(engine: Engine) -> None:
    """Make the table if it is missing; also when several processes come at once."""
    with engine.connect() as connection, connection.begin():
        if inspect(connection).has_table(events.name):
            return
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        make_tables_alone(connection)
        metadata.create_all(connection)
