"""The seed format: one JSON object with the parallel arrays `inputs` and `targets`.

`languages`, `sources`, `lines`, `kinds`, `commits` and `suffixes` may stand beside them and are written only where a
pair has one, so that a file made here loads in any other program that reads the format. It is read whole; the other
formats are for files that do not fit into memory.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

from dlcodegen_core.data.formats.columns import ColumnChoice
from dlcodegen_core.data.formats.rows import Problem, Row
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.errors import DatasetError

SHAPE = '{"inputs": ["…"], "targets": ["…"]}'
_JSON_NAMES = {"NoneType": "null", "str": "a text", "int": "a number", "float": "a number", "bool": "true or false"}
_ENTRIES_AT_ONCE = 1_000
_KEYS = {
    "prompt": "inputs",
    "target": "targets",
    "language": "languages",
    "source": "sources",
    "line": "lines",
    "kind": "kinds",
    "commit": "commits",
    "suffix": "suffixes",
}


class SeedTable:
    """The content of a file in the seed format, held in memory. Its columns are its arrays. Raises DatasetError."""

    word = "pair"

    def __init__(self, content: bytes, name: str) -> None:
        self._arrays = _arrays(content, name)
        self.columns = tuple(self._arrays)
        self.row_count: int | None = len(self._arrays["inputs"])

    def rows(self, columns: Sequence[str], problem: Problem) -> Iterator[Row]:
        rows = zip(*(self._arrays[column] for column in columns), strict=True)
        for number, row in enumerate(rows, start=1):
            yield number, list(row)


def seed_choice(arrays: Sequence[str]) -> ColumnChoice:
    """What each array of a seed file is by definition."""
    return ColumnChoice(**{field: key for field, key in _KEYS.items() if key in arrays})


def write_seed_json(pairs: Iterable[Pair], fields: Sequence[str], out: BinaryIO) -> None:
    """One object with an entry a line; `pairs` is gone through once for each array."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    for place, field in enumerate(fields):
        out.write(f'{"," if place else "{"}\n "{_KEYS[field]}": ['.encode())
        entries = (encode(getattr(pair, field)) for pair in pairs)
        start, end = "\n  ", ""
        while batch := list(islice(entries, _ENTRIES_AT_ONCE)):
            out.write((start + ",\n  ".join(batch)).encode())
            start, end = ",\n  ", "\n "
        out.write(f"{end}]".encode())
    out.write(b"\n}\n")


def _arrays(content: bytes, name: str) -> dict[str, list[Any]]:
    """The arrays of the file by their keys, all of one length."""
    value = _parse(content, name)
    if isinstance(value, list):
        raise DatasetError(
            f"{name} is a list; one object is expected, such as {SHAPE}. "
            "Or write one object a line and let the name end in .jsonl."
        )
    if not isinstance(value, dict):
        raise DatasetError(f"{name} is {_told(value)}; one object is expected, such as {SHAPE}.")
    missing = [key for key in ("inputs", "targets") if key not in value]
    if missing:
        found = ", ".join(sorted(map(str, value))[:8]) or "nothing"
        raise DatasetError(f"{name} lacks {' and '.join(missing)}; it has {found}. Expected is {SHAPE}.")
    # An array beside the two may also be null, which is as good as none.
    present = [key for key in _KEYS.values() if key in ("inputs", "targets") or value.get(key) is not None]
    columns = {key: _column(value, key, name) for key in present}
    lengths = {key: len(column) for key, column in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{key} has {length:,}" for key, length in lengths.items())
        raise DatasetError(
            f"{name}: the arrays must be of equal length, but {told} entries. Add or remove the odd ones."
        )
    return columns


def _parse(content: bytes, name: str) -> Any:
    if not content.strip():
        raise DatasetError(f"{name} is empty. Expected is {SHAPE}.")
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise DatasetError(f"{name} is not UTF-8 text (byte {exc.start:,}). Save it as UTF-8 and try again.") from exc
    except json.JSONDecodeError as exc:
        raise DatasetError(
            f"{name} is not JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}. Expected is {SHAPE}."
        ) from exc
    except (RecursionError, ValueError) as exc:
        raise DatasetError(f"{name} is not a dataset: it nests too deeply or holds impossible numbers.") from exc


def _column(value: dict[str, Any], key: str, name: str) -> list[Any]:
    if not isinstance(value[key], list):
        raise DatasetError(f"{name}: {key} is {_told(value[key])}, not an array. Expected is {SHAPE}.")
    column: list[Any] = value[key]
    return column


def _told(value: Any) -> str:
    """What a JSON value is, in the words of JSON rather than of Python."""
    return _JSON_NAMES.get(type(value).__name__, "an object")
