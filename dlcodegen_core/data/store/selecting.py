"""From a PairFilter to the SQL that finds its pairs.

Texts are searched through the index of every three characters where there is one (SQLite); what it proposes is then
compared with the text, since it knows neither where the characters stand nor capital letters beyond ASCII.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, column, func, or_, select, table, text

from dlcodegen_core.data.store.records import PairFilter
from dlcodegen_core.data.store.schema import SEARCH_TABLE, SEARCH_TERMS, alive, flags, pairs

COUNTED_AT_MOST = 10_000
_GRAM = 3  # characters that the search index knows together
_MOST_TERMS = 300
_IN_NO_TEXT = "\uf8ff" * _GRAM  # private characters; should a text hold them, the comparison with it still decides
_index = table(SEARCH_TABLE, column("rowid"))


def chosen(connection: Connection, dataset_id: int, revision: int, wanted: PairFilter) -> Select[Any]:
    """The ids of the pairs of a revision that `wanted` lets through, in no order; `in_order` gives one."""
    is_sqlite = connection.dialect.name == "sqlite"
    query = select(pairs.c.id).where(*_limits(wanted, is_sqlite))
    grams = _grams(connection, wanted.search) if is_sqlite and wanted.search else None
    if grams is not None:
        match = text(f"{SEARCH_TABLE} MATCH :grams").bindparams(grams=grams)
        # A sum is in no index, so SQLite begins with what the search index proposes: the other way round takes minutes.
        mine = alive(dataset_id, revision, pairs.c.dataset_id + 0)
        query = query.join_from(_index, pairs, pairs.c.id == _index.c.rowid).where(match, mine)
    else:
        query = query.where(alive(dataset_id, revision))
    if wanted.flag:
        query = query.join(flags, flags.c.pair_id == pairs.c.id).where(flags.c.check_key == wanted.flag)
        if wanted.fixable:
            query = query.where(flags.c.fix)
    return query


def in_order(query: Select[Any], wanted: PairFilter) -> Select[Any]:
    """The list's order; what a search finds comes as it was added, so that the first page needs no sorting of all."""
    if not wanted.search:
        return query.order_by(pairs.c.position, pairs.c.id)
    # said of the index, SQLite knows that it comes in this order; said of the pairs, it would find all and sort them
    return query.order_by(_index.c.rowid if _uses_index(query) else pairs.c.id)


def count(connection: Connection, query: Select[Any], wanted: PairFilter) -> tuple[int, bool]:
    """How many pairs match, and whether that is all of them: a search is counted up to a bound."""
    if not wanted.search:
        return connection.scalar(select(func.count()).select_from(query.subquery())) or 0, True
    bounded = query.limit(COUNTED_AT_MOST + 1).subquery()
    found = connection.scalar(select(func.count()).select_from(bounded)) or 0
    return min(found, COUNTED_AT_MOST), found <= COUNTED_AT_MOST


def _uses_index(query: Select[Any]) -> bool:
    return any(getattr(source, "left", None) is _index for source in query.get_final_froms())


def _limits(wanted: PairFilter, is_sqlite: bool) -> list[ColumnElement[bool]]:
    limits: list[ColumnElement[bool]] = []
    if wanted.search:
        # SQLite's own LIKE takes no heed of the case of ASCII letters, and needs no call of Python for each text.
        plain = is_sqlite and wanted.search.isascii()
        limits.append(
            or_(
                *(
                    text.contains(wanted.search, autoescape=True)
                    if plain
                    else text.icontains(wanted.search, autoescape=True)
                    for text in (pairs.c.prompt, pairs.c.target)
                )
            )
        )
    for values, stored in ((wanted.languages, pairs.c.language), (wanted.kinds, pairs.c.kind)):
        if values:
            known = [value for value in values if value is not None]
            limits.append(or_(stored.in_(known), stored.is_(None)) if None in values else stored.in_(known))
    if wanted.source:
        limits.append(_source_is(wanted.source))
    for lengths, stored_length in (
        (wanted.prompt_length, pairs.c.prompt_length),
        (wanted.target_length, pairs.c.target_length),
    ):
        if lengths:
            limits.append(and_(stored_length >= lengths[0], stored_length <= lengths[1]))
    return limits


def _source_is(pattern: str) -> ColumnElement[bool]:
    if "*" not in pattern and "?" not in pattern:
        return pairs.c.source == pattern
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return pairs.c.source.like(escaped.replace("*", "%").replace("?", "_"), escape="\\")


def _grams(connection: Connection, search: str) -> str | None:
    """The query to the index: all that is known to stand in what is searched for; None if that is of no help."""
    grams = {search[place : place + _GRAM] for place in range(len(search) - _GRAM + 1)}
    usable = [gram for gram in sorted(grams) if all(map(_folds_alike, gram))]
    if usable:
        return " AND ".join(map(_quoted, usable))
    if len(search) >= _GRAM or not all(map(_folds_alike, search)):
        return None
    # All that begin with one or two characters; of those that nearly every pair holds, a scan soon finds enough.
    begins = search.lower()
    known = text(f"SELECT term FROM {SEARCH_TERMS} WHERE term >= :low AND term < :high LIMIT {_MOST_TERMS + 1}")
    terms = connection.scalars(known, {"low": begins, "high": begins + "\U0010ffff"}).all()
    if len(terms) > _MOST_TERMS:
        return None
    return " OR ".join(map(_quoted, terms)) or _quoted(_IN_NO_TEXT)


def _quoted(gram: str) -> str:
    return '"' + gram.replace('"', '""') + '"'


def _folds_alike(character: str) -> bool:
    """Whether the index takes capital and small letters for the same as Python does.

    In the old alphabets it does, but for the sigma, which Python writes otherwise at a word's end.
    """
    return character < "\u0590" and len(character.lower()) == 1 and character not in "Σσς"
