"""CSV: a header and rows of cells, parted by commas, semicolons, tabs or bars, in UTF-8.

What is written here is safe to open in a spreadsheet: a cell that one would run as a formula gets an apostrophe in
front, and the row says so in a last column of its own (ESCAPED), by which reading takes the apostrophes off again.
Files from elsewhere lack that column and keep their apostrophes.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from dlcodegen_core.data.formats.rows import Problem, Row
from dlcodegen_core.data.pairs import MAX_TEXT_CHARS, Pair
from dlcodegen_core.errors import DatasetError

ESCAPED = "cells_escaped_with_apostrophe"
# What makes spreadsheets take a cell for a formula, some of them after blanks; and the apostrophe itself.
RISKY = frozenset("=+-@\t\r\n'")
# A missing quotation mark makes the rest of the file one cell: stop long before it fills the memory. A column that
# nobody chose may be longer than any text that is read.
MAX_CELL_CHARACTERS = 100 * MAX_TEXT_CHARS
MAX_LINE_BYTES = 4 * MAX_CELL_CHARACTERS
_DELIMITERS = ",;\t|"
_LINES_LOOKED_AT = 200
_CHARACTERS_LOOKED_AT = 1_000_000


class CsvTable:
    """A CSV file with a header. Rows are counted below it. Raises DatasetError if its header cannot be used."""

    word = "row"
    row_count: int | None = None

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        # The limit belongs to the whole process, so it is only ever raised.
        csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL_CHARACTERS))
        with path.open("rb") as file:
            sample = list(_start_of(self._lines(file)))
        self._delimiter = _delimiter_of(sample)
        try:
            header = next(filter(None, csv.reader(sample, delimiter=self._delimiter, strict=True)), [])
        except csv.Error as exc:
            raise DatasetError(
                f"{name}: the quotation marks in its first row do not match. Its first row must name the columns: "
                "prompt,completion."
            ) from exc
        self._header = [cell.strip() or f"column {number}" for number, cell in enumerate(header, start=1)]
        self._is_escaped = self._header[-1:] == [ESCAPED]
        self.columns = tuple(self._header[:-1] if self._is_escaped else self._header)
        twice = sorted({column for column in self._header if self._header.count(column) > 1})
        if twice:
            raise DatasetError(f"{name}: its first row names {twice[0]!r} twice. Give every column a name of its own.")
        if not self.columns:
            raise DatasetError(f"{name} has no header. Its first row must name the columns: prompt,completion.")

    def rows(self, columns: Sequence[str], problem: Problem) -> Iterator[Row]:
        places = [self._header.index(column) for column in columns]
        width, number = len(self._header), 0
        with self._path.open("rb") as file:
            # Strict, because otherwise a cell with stray quotation marks would be changed without a word.
            reader = csv.reader(self._lines(file), delimiter=self._delimiter, strict=True)
            next(filter(None, reader), None)
            while True:
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as exc:
                    number += 1
                    if "field limit" in str(exc):
                        raise self._endless_cell(number) from exc
                    problem(number, _quoting_fault(reader.line_num))
                    continue
                if not cells:
                    continue
                number += 1
                if len(cells) != width:
                    problem(number, _width_fault(len(cells), width, reader.line_num))
                elif self._is_escaped and cells[-1]:
                    yield number, [cells[place].removeprefix("'") if cells[place] else None for place in places]
                else:
                    yield number, [cells[place] or None for place in places]

    def _lines(self, file: BinaryIO) -> Iterator[str]:
        for number, line in enumerate(iter(partial(file.readline, MAX_LINE_BYTES), b""), start=1):
            if len(line) == MAX_LINE_BYTES:
                raise self._endless_cell(number)
            try:
                text = (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).decode()
            except UnicodeDecodeError as exc:
                raise DatasetError(
                    f"{self._name}, line {number:,}: not UTF-8 text (byte {exc.start + 1:,} of the line). "
                    "Save it as UTF-8 (in a spreadsheet: as CSV UTF-8) and try again."
                ) from exc
            if "\r" in text:
                yield from io.StringIO(text, newline="")  # a lone carriage return ends a line as well
            else:
                yield text

    def _endless_cell(self, number: int) -> DatasetError:
        return DatasetError(
            f"{self._name}, row {number:,}: a cell does not end within {MAX_CELL_CHARACTERS:,} characters. "
            "Probably a quotation mark is missing there; add it, or double those within a cell."
        )


def write_csv(pairs: Iterable[Pair], fields: Sequence[str], out: BinaryIO) -> None:
    """Header and rows with every cell in quotes; `pairs` is gone through twice."""
    is_escaped = any(_needs_escape(getattr(pair, field)) for pair in pairs for field in fields)
    text = io.TextIOWrapper(out, "utf-8", newline="")
    try:
        # All in quotes: a spreadsheet that parts cells elsewhere, at semicolons, must not find a formula in the middle.
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow([*fields, ESCAPED] if is_escaped else fields)
        for pair in pairs:
            cells = [getattr(pair, field) for field in fields]
            if is_escaped:
                risky = any(map(_needs_escape, cells))
                writer.writerow([*(map(_escaped, cells) if risky else cells), "yes" if risky else ""])
            else:
                writer.writerow(cells)
    finally:
        text.detach()  # flushes, and leaves `out` open to its owner


def _needs_escape(value: str | int | None) -> bool:
    """An empty text is escaped too, to tell it from no text at all."""
    return isinstance(value, str) and (not value or value[0] in RISKY)


def _escaped(value: str | int | None) -> str | int | None:
    return f"'{value}" if _needs_escape(value) else value


def _start_of(lines: Iterator[str]) -> Iterator[str]:
    size = 0
    for line in islice(lines, _LINES_LOOKED_AT):
        yield line
        size += len(line)
        if size > _CHARACTERS_LOOKED_AT:
            return


def _delimiter_of(sample: Sequence[str]) -> str:
    """The delimiter by which most rows have as many cells as the header; a comma if none parts the header at all."""

    def agreement(delimiter: str) -> tuple[int, int]:
        try:
            header, *rows = filter(None, csv.reader(sample, delimiter=delimiter))
        except (ValueError, csv.Error):
            return 0, 0
        return (1 + sum(len(row) == len(header) for row in rows), len(header)) if len(header) > 1 else (0, 0)

    return max(_DELIMITERS, key=agreement)


def _quoting_fault(line: int) -> str:
    return (
        f"its quotation marks do not match (seen at line {line:,} of the file). Put the cell in quotation marks "
        "and double those within it."
    )


def _width_fault(cells: int, width: int, line: int) -> str:
    return (
        f"it has {cells:,} cell{'s' * (cells != 1)}, but the header names {width:,} (seen at line {line:,} of the "
        "file). Put a cell that holds the delimiter or a line's end in quotation marks."
    )
