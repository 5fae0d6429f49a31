"""Table files as a person meets them: opened by name, looked at, their columns chosen, read as pairs.

What a format is made of is its own module's affair; here is what all four have in common.
"""

import contextlib
import io
import json
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from dlcodegen_core.data.formats.columns import ColumnChoice, guess_columns
from dlcodegen_core.data.formats.content import FORMATS, check_content, format_of
from dlcodegen_core.data.formats.csv_table import CsvTable, write_csv
from dlcodegen_core.data.formats.json_lines import JsonLinesTable, write_json_lines
from dlcodegen_core.data.formats.parquet import ParquetTable, write_parquet
from dlcodegen_core.data.formats.replay import replayable
from dlcodegen_core.data.formats.rows import Problem, Reader, pairs_of, shortened
from dlcodegen_core.data.formats.seed_json import SeedTable, seed_choice, write_seed_json
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.errors import DatasetError

# JSON is read whole; the other formats in pieces, whatever their size.
MAX_JSON_BYTES = 200_000_000
MAX_FILE_BYTES = 4_000_000_000
ROWS_LOOKED_AT = 100
PREVIEW_CHARACTERS = 200
_COLUMNS_SHOWN = 8
_READERS: dict[str, Callable[[Path, str], Reader]] = {
    "json": lambda path, name: SeedTable(path.read_bytes(), name),
    "jsonl": JsonLinesTable,
    "csv": CsvTable,
    "parquet": ParquetTable,
}
_WRITERS = {"json": write_seed_json, "jsonl": write_json_lines, "csv": write_csv, "parquet": write_parquet}


class TableFile:
    """One table file. columns: their names in the file's order; row_count: None where only reading would tell."""

    def __init__(self, name: str, file_format: str, reader: Reader) -> None:
        self.name = name
        self.format = file_format
        self.columns = reader.columns
        self.row_count = reader.row_count
        self._reader = reader

    def preview(self, count: int = 20) -> list[dict[str, str]]:
        """The first rows that can be read, every value as a short text. Raises DatasetError."""
        return [
            {column: _preview_text(value) for column, value in row.items()} for row in islice(self._sample(), count)
        ]

    def guess(self) -> ColumnChoice | None:
        """The likely columns, None if prompt and target cannot be told apart. Raises DatasetError."""
        if self.format == "json":
            return seed_choice(self.columns)
        return guess_columns(self.columns, list(islice(self._sample(), ROWS_LOOKED_AT)))

    def pairs(self, choice: ColumnChoice | None = None, on_problem: Problem | None = None) -> Iterator[Pair]:
        """Read the rows one by one as pairs; without a choice, by the guess.

        on_problem: hears the number of each row that cannot be used, and why; the row is then skipped. Without it the
        first such row raises DatasetError, as do a choice that does not fit, a file that is damaged, and in the end
        one without a single pair. Rows are counted from 1, in JSON Lines the file's lines.
        """
        chosen = self._checked(choice or self._guessed())
        return self._pairs(chosen, on_problem)

    def _pairs(self, chosen: dict[str, str], on_problem: Problem | None) -> Iterator[Pair]:
        found, skipped = False, 0

        def problem(number: int, fault: str) -> None:
            nonlocal skipped
            if on_problem is None:
                raise DatasetError(f"{self.name}, {self._reader.word} {number:,}: {fault}")
            skipped += 1
            on_problem(number, fault)

        with _read_errors(self.name):
            for pair in pairs_of(self._reader.rows(tuple(chosen.values()), problem), chosen, problem):
                found = True
                yield pair
        if not found:
            what = (
                f"none of its {skipped:,} {self._reader.word}s can be used" if skipped else "there is not a single pair"
            )
            raise DatasetError(f"{self.name}: {what}. Add at least one prompt with its target.")

    def _sample(self) -> Iterator[dict[str, object]]:
        with _read_errors(self.name):
            for _number, values in self._reader.rows(self.columns, lambda number, fault: None):
                yield dict(zip(self.columns, values, strict=True))

    def _guessed(self) -> ColumnChoice:
        choice = self.guess()
        if choice is None:
            raise DatasetError(
                f"{self.name}: which column is the prompt and which the completion cannot be told from their names "
                f"({_listed(self.columns)}). Choose the columns, or rename two of them to prompt and completion."
            )
        return choice

    def _checked(self, choice: ColumnChoice) -> dict[str, str]:
        chosen = choice.chosen()
        missing = [column for column in chosen.values() if column not in self.columns]
        if missing:
            raise DatasetError(
                f"{self.name} has no column {missing[0]!r}. Choose among its columns: {_listed(self.columns)}."
            )
        return chosen


def open_table(path: Path, name: str | None = None) -> TableFile:
    """Open a table file; its format is told from its name.

    name: what a person calls it, where that is not the path's own name. Raises DatasetError if it cannot be read, is
    of no known format or is not what its name says.
    """
    called = name or path.name
    file_format = format_of(called)
    if file_format is None:
        raise DatasetError(
            f"{called} is no table that can be read. Use a file whose name ends in .json, .jsonl, .csv, .tsv or "
            ".parquet."
        )
    return _opened(path, called, str(path) if name is None else name, file_format)


def read_dataset_file(path: Path) -> list[Pair]:
    """Read all pairs of a dataset file, its columns by the guess; a name without a known suffix is taken for JSON.

    Raises DatasetError naming the file, and the row where one is at fault.
    """
    return list(_opened(path, path.name, str(path), format_of(path.name) or "json").pairs())


def read_dataset(content: bytes, name: str) -> list[Pair]:
    """Read the bytes of a file in the seed format called `name`. Raises DatasetError."""
    return list(TableFile(name, "json", SeedTable(content, name)).pairs())


def write_dataset(pairs: Sequence[Pair]) -> bytes:
    """The pairs as the bytes of a file in the seed format."""
    out = io.BytesIO()
    write_pairs(pairs, "json", out)
    return out.getvalue()


def write_pairs(pairs: Iterable[Pair], file_format: str, out: BinaryIO) -> None:
    """Write pairs in one of FORMATS. `out` stays open.

    Pairs that are no sequence wait in a temporary file first, so that any number of them fits into memory. Raises
    OSError as `out` does.
    """
    assert file_format in FORMATS, file_format
    with replayable(pairs) as (again, fields):
        _WRITERS[file_format](again, fields, out)


def _opened(path: Path, name: str, shown_path: str, file_format: str) -> TableFile:
    _check_file(path, name, shown_path, MAX_JSON_BYTES if file_format == "json" else MAX_FILE_BYTES)
    with _read_errors(shown_path):
        check_content(path, name, file_format)
        return TableFile(name, file_format, _READERS[file_format](path, name))


def _check_file(path: Path, name: str, shown_path: str, max_bytes: int) -> None:
    """Raise DatasetError unless `path` is a file of a size that is read."""
    if "\0" in str(path):
        raise DatasetError(f"{str(path)!r} cannot be a path. Check it, or give the name of a stored dataset.")
    with _read_errors(shown_path):
        status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise DatasetError(f"{shown_path} is a folder. Give the dataset file in it.")
    if not stat.S_ISREG(status.st_mode):
        raise DatasetError(f"{shown_path} is a device or a pipe. Give a file.")
    if status.st_size > max_bytes:
        size = f"{max_bytes // 1_000_000:,} MB"
        instead = ", or save it as JSON Lines or Parquet" if max_bytes == MAX_JSON_BYTES else ""
        raise DatasetError(f"{name} is larger than {size}. Split it into several files{instead}.")


@contextlib.contextmanager
def _read_errors(shown: str) -> Iterator[None]:
    """Translate the operating system's refusal to read into a DatasetError."""
    try:
        yield
    except FileNotFoundError as exc:
        raise DatasetError(f"{shown} does not exist. Check the path, or give the name of a stored dataset.") from exc
    except OSError as exc:
        raise DatasetError(f"{shown} cannot be read: {exc.strerror or exc}. Check its permissions.") from exc


def _preview_text(value: object) -> str:
    is_nested = isinstance(value, list | dict)
    return shortened(json.dumps(value, ensure_ascii=False, default=str) if is_nested else value, PREVIEW_CHARACTERS)


def _listed(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - _COLUMNS_SHOWN:,} more" if len(columns) > _COLUMNS_SHOWN else ""
    return ", ".join(shortened(column) for column in columns[:_COLUMNS_SHOWN]) + more
