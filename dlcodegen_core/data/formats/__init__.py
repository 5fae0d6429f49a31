"""Pairs in files: the seed format (JSON), JSON Lines, CSV and Parquet, one module a format."""

from dlcodegen_core.data.formats.columns import ColumnChoice
from dlcodegen_core.data.formats.content import FORMATS, format_of
from dlcodegen_core.data.formats.table_file import (
    TableFile,
    open_table,
    read_dataset,
    read_dataset_file,
    write_dataset,
    write_pairs,
)

__all__ = [
    "FORMATS",
    "ColumnChoice",
    "TableFile",
    "format_of",
    "open_table",
    "read_dataset",
    "read_dataset_file",
    "write_dataset",
    "write_pairs",
]
