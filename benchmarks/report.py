"""One way to print a measured figure beside what was claimed and what is wanted."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the report: what, what the design document claims, what is wanted, what was measured."""

    what: str
    claimed: str
    wanted: str
    measured: str


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def print_table(rows: Sequence[Row]) -> None:
    """The rows as a Markdown table."""
    print("| what | the design claims | wanted | measured |")
    print("|---|---|---|---|")
    for row in rows:
        print(f"| {row.what} | {row.claimed} | {row.wanted} | {row.measured} |")
