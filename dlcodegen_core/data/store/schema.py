"""The tables of stored datasets, and how older layouts become the present one.

Rows of pairs are never changed: an edit ends one row's life and begins another's at the same position. A pair
belongs to revision r if added_in <= r and it was not removed by then, so any revision can be read back and an edit
costs only the rows it touches. Lengths, language and kind stand in one index with the order, so that filters,
counts and far pages of a million pairs never read the texts.
"""

from typing import Any

from sqlalchemy import (
    Boolean,
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
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)  # fmt: skip

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store.fingerprints import fingerprint_of_rows
from dlcodegen_core.errors import StorageError
from dlcodegen_core.storage.database import make_tables_alone

SCHEMA_VERSION = 2

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
    Column("intake", Text),  # JSON: what came in, what was left out and why
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
    Column("language", Text),
    Column("source", Text),
    Column("line", Integer),
    Column("added_in", Integer, nullable=False),
    Column("removed_in", Integer),
    Column("kind", Text),
    Column("commit_id", Text),
    Column("suffix", Text),
    Column("prompt_length", Integer, nullable=False, default=0, server_default="0"),
    Column("target_length", Integer, nullable=False, default=0, server_default="0"),
    Column("ended_by", String(10)),  # DELETED or EDITED, once removed_in is set
)
PAIRS_IN_ORDER = Index(
    "pairs_in_order_2", pairs.c.dataset_id, pairs.c.position, pairs.c.id, pairs.c.added_in, pairs.c.removed_in,
    pairs.c.language, pairs.c.kind, pairs.c.prompt_length, pairs.c.target_length,
)  # fmt: skip
PAIRS_BY_SOURCE = Index(
    "pairs_by_source", pairs.c.dataset_id, pairs.c.source, pairs.c.added_in, pairs.c.removed_in, pairs.c.id
)
PAIRS_REMOVED = Index(
    "pairs_removed", pairs.c.dataset_id, pairs.c.removed_in, sqlite_where=pairs.c.removed_in.is_not(None),
    postgresql_where=pairs.c.removed_in.is_not(None),
)  # fmt: skip
DELETED, EDITED = "deleted", "edited"

flags = Table(
    "pair_flags",
    metadata,
    Column("pair_id", ForeignKey("pairs.id"), primary_key=True),
    Column("check_key", String(40), primary_key=True),
    Column("detail", Text, nullable=False),
    Column("fix", Boolean, nullable=False),
)
Index("flags_by_check", flags.c.check_key, flags.c.pair_id)

checkups = Table(
    "checkups",
    metadata,
    Column("dataset_id", ForeignKey("datasets.id"), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("report", Text, nullable=False),
)

# Every three characters of all prompts and targets (SQLite only). `detail=none` keeps which pairs hold them, not
# where: a third of the size and twice as fast to fill; what is found is then compared with the text itself. Two line
# ends behind each text make its last characters the beginning of such a three as well, so that a search for one or two
# characters can go by what the threes begin with, which the second table lists.
SEARCH_TABLE = "pair_search"
SEARCH_TERMS = "pair_search_terms"
INDEXED = "prompt || char(10, 10), target || char(10, 10)"
_CREATE_SEARCH = (
    f"CREATE VIRTUAL TABLE {SEARCH_TABLE} USING fts5(prompt, target, content='', tokenize='trigram', detail=none)",
    f"CREATE VIRTUAL TABLE {SEARCH_TERMS} USING fts5vocab({SEARCH_TABLE}, 'row')",
    f"INSERT INTO {SEARCH_TABLE}(rowid, prompt, target) SELECT id, {INDEXED} FROM pairs ORDER BY id",
)


def create_tables(engine: Engine) -> None:
    """Make the tables that are missing, or bring an older layout to this one; whole or not at all.

    Raises StorageError if a newer program made them.
    """
    # Looked at first without the right to write, so that opening never waits for another process's long save.
    with engine.connect() as connection, connection.begin():
        if _version(connection) == SCHEMA_VERSION:
            return
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        make_tables_alone(connection)
        version = _version(connection)
        if version == 1:
            _from_version_1(connection)
        metadata.create_all(connection)
        if version is None:
            connection.execute(insert(schema).values(version=SCHEMA_VERSION))
        if version != SCHEMA_VERSION and connection.dialect.name == "sqlite":
            for statement in _CREATE_SEARCH:
                connection.execute(text(statement))


def _version(connection: Connection) -> int | None:
    """The layout that is there, None for none. Raises StorageError if it is a later one."""
    found = connection.scalar(select(schema.c.version)) if inspect(connection).has_table(schema.name) else None
    if found is not None and found > SCHEMA_VERSION:
        raise StorageError(
            f"The database was made by a newer version of this program (layout {found}, known is "
            f"{SCHEMA_VERSION}). Use that version, or set DLCODEGEN_HOME to another folder."
        )
    return found


def _from_version_1(connection: Connection) -> None:
    """Add what layout 2 knows more of: columns, lengths, what ended a row, fingerprints that can be carried on."""
    compiler = connection.dialect.ddl_compiler(connection.dialect, None)  # type: ignore[arg-type]  # no statement needed
    for table, names in (
        (datasets, ["intake"]),
        (pairs, ["kind", "commit_id", "suffix", "prompt_length", "target_length", "ended_by"]),
    ):
        for name in names:
            column = compiler.get_column_specification(table.c[name])
            connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {column}"))
    connection.execute(text("DROP INDEX IF EXISTS pairs_in_order"))
    connection.execute(
        update(pairs).values(prompt_length=func.length(pairs.c.prompt), target_length=func.length(pairs.c.target))
    )
    successor = pairs.alias()
    replaced = (
        select(successor.c.id)
        .where(
            successor.c.dataset_id == pairs.c.dataset_id,
            successor.c.position == pairs.c.position,
            successor.c.added_in == pairs.c.removed_in,
        )
        .exists()
    )
    removed = pairs.c.removed_in.is_not(None)
    connection.execute(update(pairs).where(removed).values(ended_by=DELETED))
    connection.execute(update(pairs).where(removed, replaced).values(ended_by=EDITED))
    for index in (PAIRS_IN_ORDER, PAIRS_BY_SOURCE, PAIRS_REMOVED):
        index.create(connection)
    for row in connection.execute(select(revisions)).all():
        living = connection.execute(select(pairs).where(alive(row.dataset_id, row.number)))
        value = fingerprint_of_rows((found.position, to_pair(found)) for found in living)
        connection.execute(update(revisions).where(revisions.c.id == row.id).values(fingerprint=value))
    connection.execute(update(schema).values(version=SCHEMA_VERSION))


def alive(dataset_id: int, revision: int, stored_id: Any = pairs.c.dataset_id) -> Any:
    """The condition that a pair belongs to a revision. stored_id: the expression to compare the dataset with."""
    return (
        (stored_id == dataset_id)
        & (pairs.c.added_in <= revision)
        & (pairs.c.removed_in.is_(None) | (pairs.c.removed_in > revision))
    )


def to_pair(stored: Row[Any]) -> Pair:
    return Pair(
        stored.prompt, stored.target, stored.language, stored.source, stored.line, stored.kind, stored.commit_id,
        stored.suffix,
    )  # fmt: skip
