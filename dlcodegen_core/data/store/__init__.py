"""Stored datasets: versioned pairs in a database, found by search and filters, with a trash and the doctor's flags."""

from dlcodegen_core.data.store.records import (
    Bar,
    Change,
    Checkup,
    DatasetInfo,
    Difference,
    Edits,
    Living,
    PairFilter,
    PairPage,
    PairRow,
    RevisionInfo,
)
from dlcodegen_core.data.store.store import MAX_NAME_CHARACTERS, DatasetStore
from dlcodegen_core.data.store.watching import RevisionWatch

__all__ = [
    "MAX_NAME_CHARACTERS",
    "Bar",
    "Change",
    "Checkup",
    "DatasetInfo",
    "DatasetStore",
    "Difference",
    "Edits",
    "Living",
    "PairFilter",
    "PairPage",
    "PairRow",
    "RevisionInfo",
    "RevisionWatch",
]
