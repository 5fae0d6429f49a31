"""Which column of a table is the prompt, which the target, and which tell where a pair came from.

A guess rests on the columns' names and, where the names say nothing, on which columns hold text. Knows no file format.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from dlcodegen_core.errors import DatasetError

# The first of them that a table has is taken, so the more telling names stand first. One column is one text: of
# instruction, input and output (the columns of Alpaca) the instruction alone is the prompt.
_PROMPTS = ("prompt", "instruction", "question", "input", "context", "query", "prefix")
_TARGETS = ("completion", "target", "output", "response", "answer", "middle", "nextline", "next")
# Names that mean prompt and target only beside each other.
_COUPLES = (
    ("source", "target"),
    ("src", "tgt"),
    ("before", "after"),
    ("code", "completion"),
    ("code", "target"),
    ("code", "next"),
    ("text", "completion"),
    ("text", "target"),
    ("text", "label"),
)
_EXTRAS = {
    "language": ("language", "programminglanguage", "lang"),
    "source": ("path", "filepath", "file", "filename", "source"),
    "line": ("line", "lineno", "linenumber"),
    "kind": ("kind", "type"),
    "commit": ("commit", "commitsha", "commithash", "sha", "revision"),
    "suffix": ("suffix",),
}
_KNOWN = {*_PROMPTS, *_TARGETS, *(name for couple in _COUPLES for name in couple)}.union(*_EXTRAS.values())
_NUMBER = re.compile(r"\s*[-+]?[0-9]+(\.[0-9]+)?\s*")


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """The column that each part of a pair is read from; None leaves that part out. Raises DatasetError."""

    prompt: str
    target: str
    language: str | None = None
    source: str | None = None
    line: str | None = None
    kind: str | None = None
    commit: str | None = None
    suffix: str | None = None

    def __post_init__(self) -> None:
        if self.prompt == self.target:
            raise DatasetError(
                f"The column {self.prompt!r} cannot be prompt and target at once. Choose two different columns."
            )

    def chosen(self) -> dict[str, str]:
        """The columns by the pair's fields, without the fields that are left out."""
        return {field.name: column for field in fields(self) if (column := getattr(self, field.name)) is not None}


def guess_columns(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> ColumnChoice | None:
    """The likely choice; None if prompt and target cannot be told apart. rows: a few of the table, from its start."""
    found: dict[str, str] = {}
    for column in columns:
        found.setdefault(_plain(column), column)
    couple = _by_name(found) or _only_two([column for column in columns if _is_prose(_values(column, rows))])
    if couple is None:
        return None
    prompt, target = couple
    extras: dict[str, str] = {}
    for field, names in _EXTRAS.items():
        # A column of quite another sort than its name promises would spoil every row, so it is left out.
        fits = _is_number if field == "line" else _is_text
        named = (found[name] for name in names if name in found and found[name] not in couple)
        if chosen := next((column for column in named if _may_be(fits, _values(column, rows))), None):
            extras[field] = chosen
    return ColumnChoice(prompt, target, **extras)


def _by_name(found: Mapping[str, str]) -> tuple[str, str] | None:
    prompt = next((name for name in _PROMPTS if name in found), None)
    target = next((name for name in _TARGETS if name in found), None)
    if prompt and target:
        return found[prompt], found[target]
    return next(((found[one], found[other]) for one, other in _COUPLES if one in found and other in found), None)


def _only_two(texts: Iterable[str]) -> tuple[str, str] | None:
    """The two columns of text, if there are no more and no fewer beside those that tell a pair's origin."""
    origins = {name for names in _EXTRAS.values() for name in names}
    left = [column for column in texts if _plain(column) not in origins]
    return (left[0], left[1]) if len(left) == 2 else None


def _plain(column: str) -> str:
    """A column's name without case, blanks, dashes, underscores and a known word's plural: "Input-s" is "input"."""
    name = re.sub(r"[\s_\-]+", "", column.lower())
    return next((word for word in (name, name.removesuffix("s"), name.removesuffix("es")) if word in _KNOWN), name)


def _values(column: str, rows: Iterable[Mapping[str, object]]) -> list[object]:
    """What a column holds in these rows, empty cells aside."""
    return [value for row in rows if (value := row.get(column)) is not None and value != ""]


def _may_be(fits: Callable[[object], bool], values: Sequence[object]) -> bool:
    return not values or any(map(fits, values))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    """Whether this is a number, or a text that reads as one."""
    if isinstance(value, str):
        return bool(_NUMBER.fullmatch(value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_prose(values: Sequence[object]) -> bool:
    """Whether this is text, and more than numbers or the row's own number."""
    return bool(values) and all(map(_is_text, values)) and not all(map(_is_number, values))
