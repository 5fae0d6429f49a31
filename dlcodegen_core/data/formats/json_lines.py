"""JSON Lines: a file with one JSON object a line, each of them a pair. Blank lines are skipped."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from dlcodegen_core.data.formats.rows import Problem, Row
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.errors import DatasetError

# A whole file without a line's end would otherwise be read into memory; three texts of the longest need less.
MAX_LINE_BYTES = 20_000_000
# Objects may differ in their keys; a key that first comes later than this is not offered as a column.
LINES_LOOKED_AT = 1_000
SHAPE = '{"prompt": "…", "completion": "…"}'
_LINES_AT_ONCE = 1_000


class JsonLinesTable:
    """A JSON Lines file. Raises DatasetError if none of its first lines is an object."""

    word = "line"
    row_count: int | None = None

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        faults: list[tuple[int, str]] = []
        objects = self._objects(lambda number, fault: faults.append((number, fault)))
        keys = {key: None for _number, value in islice(objects, LINES_LOOKED_AT) for key in value}
        if not keys:
            number, fault = faults[0] if faults else (1, f"the object is empty. Expected is {SHAPE}.")
            raise DatasetError(f"{name}, line {number:,}: {fault}")
        self.columns = tuple(keys)

    def rows(self, columns: Sequence[str], problem: Problem) -> Iterator[Row]:
        for number, value in self._objects(problem):
            get = value.get
            yield number, [get(column) for column in columns]

    def _objects(self, problem: Problem) -> Iterator[tuple[int, dict[str, object]]]:
        with self._path.open("rb") as file:
            # Only a line feed ends a line: a text may hold what Python's splitlines would take for another end.
            for number, line in enumerate(iter(partial(file.readline, MAX_LINE_BYTES), b""), start=1):
                if len(line) == MAX_LINE_BYTES:
                    raise DatasetError(
                        f"{self._name}, line {number:,}: longer than {MAX_LINE_BYTES // 1_000_000} MB. "
                        "Write one object a line, with a line feed after each."
                    )
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if line.isspace() or not line:
                    continue
                value, fault = _parsed(line)
                if value is None:
                    problem(number, fault)
                else:
                    yield number, value


def write_json_lines(pairs: Iterable[Pair], fields: Sequence[str], out: BinaryIO) -> None:
    """One object a line, all with the same keys."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    lines = (encode({field: getattr(pair, field) for field in fields}) for pair in pairs)
    while batch := list(islice(lines, _LINES_AT_ONCE)):
        out.write(("\n".join(batch) + "\n").encode())


def _parsed(line: bytes) -> tuple[dict[str, object] | None, str]:
    """The object of a line, or else why there is none."""
    try:
        value = json.loads(line.rstrip(b"\r\n").decode())
    except UnicodeDecodeError as exc:
        return None, f"not UTF-8 text (byte {exc.start + 1:,} of the line). Save the file as UTF-8 and try again."
    except json.JSONDecodeError as exc:
        return None, f"not JSON: {exc.msg} at column {exc.colno}. Expected is one object a line, such as {SHAPE}."
    except (RecursionError, ValueError):
        return None, "it nests too deeply or holds impossible numbers. Remove the line."
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else "a single value"
        return None, f"{kind} instead of an object. Expected is one object a line, such as {SHAPE}."
    return value, ""
