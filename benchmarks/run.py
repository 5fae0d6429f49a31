"""`make bench`: every figure of speed and size, as one table."""

import platform
import sys

from benchmarks.core import memory_rows, prediction_rows, training_rows
from benchmarks.datasets import dataset_rows
from benchmarks.pages import page_rows
from benchmarks.report import Row, print_table


def main() -> int:
    """Measure one group after the other and print the table."""
    rows: list[Row] = []
    for measure in (prediction_rows, training_rows, memory_rows, dataset_rows, page_rows):
        print(f"measuring: {measure.__name__.removesuffix('_rows')} …", file=sys.stderr)
        rows += measure()
    print(f"Python {platform.python_version()}, {platform.machine()}, local embedder\n")
    print_table(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
