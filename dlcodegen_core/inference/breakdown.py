"""A feature vector told by its four groups and their strongest dimensions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.features.layout import GROUPS


@dataclass(frozen=True, slots=True)
class NamedValue:
    """One of the 544 numbers. index: its column."""

    index: int
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class GroupBreakdown:
    """One group: its columns, how many are not zero, and the largest by absolute value, largest first."""

    name: str
    title: str
    start: int
    size: int
    active: int
    strongest: tuple[NamedValue, ...]


def break_down(features: NDArray[np.float32], names: Sequence[str], strongest: int = 6) -> list[GroupBreakdown]:
    """Describe a vector of shape (544,) group by group; zeros are never called strong."""
    result = []
    for group in GROUPS:
        values = features[group.columns]
        order = np.argsort(-np.abs(values), kind="stable")[:strongest]
        top = tuple(
            NamedValue(group.start + int(column), names[group.start + int(column)], float(values[column]))
            for column in order
            if values[column] != 0
        )
        result.append(
            GroupBreakdown(group.name, group.title, group.start, group.size, int(np.count_nonzero(values)), top)
        )
    return result
