"""Where a prompt's numbers stand among those of the training samples: 50 is usual, 0 and 100 are the ends.

Knows nothing of networks: whether a rare number mattered, the pushes say.
"""

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.training_features import PERCENTS, TrainingFeatures


def percentile(training: TrainingFeatures, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """The percentage of training samples below each number, shape (544,), for features of shape (544,).

    Samples with the very same number count half, so a word that hardly any sample has stands near 50 where it is
    missing here as well, not at 0. Between two quantiles it is a straight line; beyond the ends it is 0 or 100.
    """
    quantiles = training.quantiles.astype(np.float64)
    # Rounded as the quantiles are, or a number would not be equal to itself.
    values = features.astype(np.float16).astype(np.float64)
    percents = np.array(PERCENTS, np.float64)
    below = (quantiles < values).sum(axis=0)
    not_above = (quantiles <= values).sum(axis=0)
    last = len(percents) - 1
    equal = (percents[np.minimum(below, last)] + percents[np.maximum(not_above - 1, 0)]) / 2
    return np.where(below < not_above, equal, _between(quantiles, percents, values, below))


def _between(
    quantiles: NDArray[np.float64], percents: NDArray[np.float64], values: NDArray[np.float64], below: NDArray[np.int64]
) -> NDArray[np.float64]:
    """For numbers that equal no quantile; below: how many quantiles each of them exceeds."""
    upper = np.clip(below, 1, len(percents) - 1)
    columns = np.arange(quantiles.shape[1])
    low, high = quantiles[upper - 1, columns], quantiles[upper, columns]
    way = np.divide(values - low, high - low, out=(values > low).astype(np.float64), where=high > low)
    result: NDArray[np.float64] = percents[upper - 1] + np.clip(way, 0, 1) * (percents[upper] - percents[upper - 1])
    return result
