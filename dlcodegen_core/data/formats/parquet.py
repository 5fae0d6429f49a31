"""Parquet, read and written in pieces through pyarrow. Columns are read as they are; pandas' notes are not heeded."""

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from dlcodegen_core.data.formats.rows import Problem, Row
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.errors import DatasetError

# Rows are read in pieces of about this size, however wide they are.
PIECE_BYTES = 16_000_000
ROWS_AT_ONCE = 8_192
ROW_GROUP_CHARACTERS = 32_000_000
ROW_GROUP_ROWS = 50_000


class ParquetTable:
    """A Parquet file. Raises DatasetError if it is damaged or names a column twice."""

    word = "row"

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        with self._opened() as file:
            self.columns: tuple[str, ...] = tuple(file.schema_arrow.names)
            self.row_count: int | None = file.metadata.num_rows
        twice = sorted({column for column in self.columns if self.columns.count(column) > 1})
        if twice:
            raise DatasetError(f"{name} names the column {twice[0]!r} twice. Give every column a name of its own.")

    def rows(self, columns: Sequence[str], problem: Problem) -> Iterator[Row]:
        numbers = itertools.count(1)
        with self._opened() as file:
            for batch in file.iter_batches(batch_size=_rows_at_once(file), columns=list(columns), use_threads=False):
                values = [batch.column(batch.schema.get_field_index(column)).to_pylist() for column in columns]
                for row in zip(*values, strict=True):
                    yield next(numbers), list(row)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        import pyarrow
        from pyarrow import parquet

        try:
            with parquet.ParquetFile(self._path, pre_buffer=False) as file:
                yield file
        # Beside Arrow's own errors: OSError for damaged pages, ValueError for text that is not UTF-8 and for moments
        # that Python cannot tell, MemoryError for absurd sizes.
        except (pyarrow.ArrowException, OSError, ValueError, OverflowError, MemoryError) as exc:
            reason = str(exc).strip().partition("\n")[0][:200].rstrip(". ")
            raise DatasetError(
                f"{self._name} cannot be read as Parquet: {reason}. Get or export the file anew."
            ) from exc


def write_parquet(pairs: Iterable[Pair], fields: Sequence[str], out: BinaryIO) -> None:
    """Row groups of at most ROW_GROUP_ROWS rows and about ROW_GROUP_CHARACTERS characters."""
    import pyarrow
    from pyarrow import parquet

    required = ("prompt", "target")
    schema = pyarrow.schema(
        pyarrow.field(field, pyarrow.int32() if field == "line" else pyarrow.string(), field not in required)
        for field in fields
    )
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for group in _groups(pairs):
            columns = {field: [getattr(pair, field) for pair in group] for field in fields}
            writer.write_table(pyarrow.table(columns, schema=schema))


def _groups(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    group: list[Pair] = []
    size = 0
    for pair in pairs:
        group.append(pair)
        size += len(pair.prompt) + len(pair.target) + len(pair.suffix or "")
        if len(group) == ROW_GROUP_ROWS or size >= ROW_GROUP_CHARACTERS:
            yield group
            group, size = [], 0
    if group:
        yield group


def _rows_at_once(file: Any) -> int:
    size = sum(file.metadata.row_group(group).total_byte_size for group in range(file.metadata.num_row_groups))
    row_bytes = max(1, size // max(1, file.metadata.num_rows))
    return max(1, min(ROWS_AT_ONCE, PIECE_BYTES // row_bytes))
