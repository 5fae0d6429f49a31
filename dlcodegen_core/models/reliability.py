"""How far a confidence can be trusted: beside how often it was right, in ten equal bins and as one figure.

Murphy and Winkler 1977, "Reliability of Subjective Probability Forecasts". Knows nothing of models.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

CALIBRATION_BINS = 10


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The guesses with a confidence from `low` to `high`: how many, how sure, and what share of them was right.

    The means are None where the bin is empty.
    """

    low: float
    high: float
    count: int
    mean_confidence: float | None
    share_of_hits: float | None


def reliability_bins(confidence: ArrayLike, hits: ArrayLike) -> tuple[ReliabilityBin, ...]:
    """Ten equal bins of confidence, those of `expected_calibration_error`."""
    sure, right = np.asarray(confidence, np.float64), np.asarray(hits, np.float64)
    bins = _bins(sure)
    return tuple(
        ReliabilityBin(
            low=number / CALIBRATION_BINS,
            high=(number + 1) / CALIBRATION_BINS,
            count=int(inside.sum()),
            mean_confidence=float(sure[inside].mean()) if inside.any() else None,
            share_of_hits=float(right[inside].mean()) if inside.any() else None,
        )
        for number in range(CALIBRATION_BINS)
        for inside in (bins == number,)
    )


def expected_calibration_error(confidence: NDArray[np.float64], hits: NDArray[np.bool_]) -> float:
    """Mean gap between confidence and share of hits over equal bins, weighted by their samples."""
    bins = _bins(confidence)
    gaps = [
        abs(confidence[bins == number].mean() - hits[bins == number].mean()) * (bins == number).mean()
        for number in np.unique(bins)
    ]
    return float(sum(gaps))


def _bins(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """The number of the bin that each confidence is in."""
    return np.minimum((confidence * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
