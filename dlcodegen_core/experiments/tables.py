"""The tables of A/B tests, beside those of the datasets in the same database.

Of people neither a name is kept (see `pseudonym`) nor a text: the only texts are what shadows answered.
"""

from sqlalchemy import (
    Boolean,
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
    inspect,
)

from dlcodegen_core.storage.database import make_tables_alone

metadata = MetaData()

experiments = Table(
    "ab_tests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("arms", Text, nullable=False),  # JSON: version and share of each
    Column("shadow", String(80), nullable=False, default=""),
    Column("measure", String(20), nullable=False),
    Column("alpha", Float, nullable=False),
    Column("started_at", DateTime, nullable=False),
    Column("ended_at", DateTime),
    Column("ended_because", Text, nullable=False, default=""),
    Column("conclusion", Text, nullable=False, default=""),
    # 1 while it runs and NULL afterwards: of several that start at once the database lets one through.
    Column("running", Integer, unique=True),
)

outcomes = Table(
    "ab_outcomes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("experiment_id", ForeignKey("ab_tests.id"), nullable=False),
    Column("at", DateTime, nullable=False),
    Column("arm", Integer, nullable=False),
    Column("result", String(10), nullable=False),
    Column("similarity", Float, nullable=False),
    Column("pseudonym", String(16), nullable=False, default=""),
    Column("request", String(80)),
    Column("shadow_similarity", Float),  # of what was kept with what the shadow had answered
    Column("latency_ms", Float),
    UniqueConstraint("experiment_id", "request"),
)
Index("ab_outcomes_in_order", outcomes.c.experiment_id, outcomes.c.id)

shadows = Table(
    "ab_shadows",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("experiment_id", ForeignKey("ab_tests.id"), nullable=False),
    Column("at", DateTime, nullable=False),
    Column("question", String(80), nullable=False),
    Column("same", Boolean, nullable=False),
    Column("likeness", Float, nullable=False),
    Column("latency_ms", Float, nullable=False),
    Column("text", Text, nullable=False),
)
Index("ab_shadows_by_question", shadows.c.experiment_id, shadows.c.question, shadows.c.id)


def create_tables(engine: Engine) -> None:
    """Make the tables that are missing; several processes may do so at once."""
    # Looked at first without the right to write, so that opening never waits for another process's long save.
    with engine.connect() as connection, connection.begin():
        there = inspect(connection)
        if all(there.has_table(table.name) for table in metadata.sorted_tables):
            return
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        make_tables_alone(connection)
        metadata.create_all(connection)
