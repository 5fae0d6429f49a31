"""Which pairs of its dataset a version learned from, and which were held out to measure it.

Told again from what its card keeps: the same data, share and seed always part alike. Knows no store and no model.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from dlcodegen_core.data.pair_texts import file_of
from dlcodegen_core.data.split import split_pairs
from dlcodegen_core.data.store import PairRow

Side = Literal["learned", "held out", "not there"]


@dataclass(frozen=True, slots=True)
class LearnedRows:
    """The row ids of the revision that a version was trained on."""

    learned: frozenset[int]
    held_out: frozenset[int]

    @classmethod
    def by_pairs(cls, rows: Sequence[PairRow], held_out: float, seed: int) -> "LearnedRows":
        """As DeepCodeNet's training parts pairs; rows: all of the revision, in order."""
        training, kept_out = split_pairs([row.pair for row in rows], held_out, seed)
        return cls(frozenset(rows[index].id for index in training), frozenset(rows[index].id for index in kept_out))

    @classmethod
    def by_files(cls, rows: Sequence[PairRow], held_out: Collection[str]) -> "LearnedRows":
        """As a sequence model's training parts files; held_out: their names."""
        kept_out = {row.id for number, row in enumerate(rows, start=1) if file_of(row.pair, number) in held_out}
        return cls(frozenset(row.id for row in rows if row.id not in kept_out), frozenset(kept_out))

    def side(self, row_id: int) -> Side:
        """Where a row stood; "not there" for one that came, or was edited, later."""
        if row_id in self.held_out:
            return "held out"
        return "learned" if row_id in self.learned else "not there"
