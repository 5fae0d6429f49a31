"""How far two ways to calculate the same logits are from each other, batch after batch. Knows no model."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Parity:
    """max_difference: of any logit. scale: the largest logit's size. agreement: share of rows with the same first
    choice."""

    rows: int
    max_difference: float
    scale: float
    agreement: float

    @property
    def relative_difference(self) -> float:
        """The largest difference as a share of the largest logit; 0 where all logits are 0."""
        return self.max_difference / self.scale if self.scale else self.max_difference


@dataclass(slots=True)
class ParityMeter:
    """Adds up over batches."""

    rows: int = 0
    same: int = 0
    difference: float = 0.0
    scale: float = 0.0

    def add(self, reference: Logits, found: Logits) -> None:
        """Compare a batch, logits of shape (rows, classes) both. A NaN on either side is a difference of infinity."""
        difference = np.abs(reference - found).max(initial=0.0)
        self.difference = max(self.difference, float(difference) if np.isfinite(difference) else np.inf)
        self.scale = max(self.scale, float(np.abs(reference).max(initial=0.0)))
        self.same += int((reference.argmax(axis=1) == found.argmax(axis=1)).sum())
        self.rows += len(reference)

    def result(self) -> Parity:
        """Raises ValueError before anything was compared."""
        if not self.rows:
            raise ValueError("nothing was compared")
        return Parity(self.rows, self.difference, self.scale, self.same / self.rows)
