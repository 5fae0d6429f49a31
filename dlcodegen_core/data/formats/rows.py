"""Rows of a table as pairs: each value checked, a bad row told with its number and what to do.

Knows no file format; every format's reader yields rows of this kind.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Protocol

from dlcodegen_core.data.pairs import Pair, problem_of

# Hears the number of a row that cannot be used, and why. It may raise; if it does not, the row is left out.
Problem = Callable[[int, str], None]
# A row's number in its file, and the values of the columns asked for.
Row = tuple[int, list[object]]

SHOWN_CHARACTERS = 60
_KINDS = {
    "NoneType": "nothing",
    "bool": "true or false",
    "int": "a number",
    "float": "a number",
    "Decimal": "a number",
    "list": "a list",
    "dict": "an object",
    "bytes": "raw bytes",
}


class Reader(Protocol):
    """One open table. word: what the format calls a row; row_count: None where only reading would tell."""

    word: str
    columns: tuple[str, ...]
    row_count: int | None

    def rows(self, columns: Sequence[str], problem: Problem) -> Iterator[Row]:
        """The values of these columns, row by row from the start; one that cannot be read goes to `problem`.

        Raises DatasetError if the file cannot be read on.
        """
        ...


def pairs_of(rows: Iterable[Row], chosen: Mapping[str, str], problem: Problem) -> Iterator[Pair]:
    """Make each row a pair. chosen: the columns by the pair's fields, in the order of the rows' values."""
    fields, columns = tuple(chosen), tuple(chosen.values())
    line_at = fields.index("line") if "line" in fields else -1
    # Each field's place in a row; the fields left out all find the None that is put at a row's end.
    in_order = itemgetter(*(fields.index(field) if field in fields else -1 for field in Pair.__slots__))
    for number, values in rows:
        if line_at >= 0:
            values[line_at] = _as_line(values[line_at])
        fault = _fault(fields, columns, values)
        if not fault:
            pair = Pair(*in_order([*values, None]))
            fault = problem_of(pair)
            if not fault:
                yield pair
                continue
        problem(number, fault)


def shortened(value: object, limit: int = SHOWN_CHARACTERS) -> str:
    """A value as a short text."""
    text = "" if value is None else value[: limit + 1] if isinstance(value, str) else str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _fault(fields: Sequence[str], columns: Sequence[str], values: Sequence[object]) -> str:
    for field, column, value in zip(fields, columns, values, strict=True):
        if type(value) is str and field != "line":
            continue
        if value is None:
            if field in ("prompt", "target"):
                return f"{column} is empty. Remove the row or fill in its {column}."
        elif field != "line":
            kind = _KINDS.get(type(value).__name__, f"a {type(value).__name__}")
            return f"{column} holds {kind} ({shortened(value)}), not text. Put it in quotes or choose another column."
        elif type(value) is not int:
            return f"{column} is {shortened(value)!r}, no line number. Use a whole number or leave it empty."
    return ""


def _as_line(value: object) -> object:
    """A line number as an int where it is one, also where a spreadsheet or pandas made it 12.0 or a text."""
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        digits = text.removesuffix(".0")
        # Longer numbers are no line's, and Python refuses to convert the longest.
        return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else value
    if isinstance(value, float):
        if value != value:  # NaN is how pandas writes an empty number
            return None
        return int(value) if value.is_integer() else value
    return value
