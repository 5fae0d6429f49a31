"""How each of the 544 numbers is spread over the training samples: what is usual for it and what is rare.

    mean         (544,)      the average sample, which explanations start from
    quantiles    (21, 544)   the values below which 0, 5, ... 100 % of the samples lie

Half precision is enough for both and keeps them at 24 kB a version. Knows nothing of networks and files.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.features.layout import DIMENSIONS

PERCENTS = tuple(range(0, 101, 5))
# Evenly spread over the split; so many place a quantile to about half a percent and are sorted in an instant.
SAMPLES_FOR_QUANTILES = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class TrainingFeatures:
    """The spread of every dimension. Raises ValueError if the arrays are not what the module's first lines say."""

    mean: NDArray[np.float16]
    quantiles: NDArray[np.float16]

    def __post_init__(self) -> None:
        for name, shape in (("mean", (DIMENSIONS,)), ("quantiles", (len(PERCENTS), DIMENSIONS))):
            array = getattr(self, name)
            if array.shape != shape or array.dtype != np.float16:
                raise ValueError(f"{name} has shape {array.shape} of {array.dtype}, expected is {shape} of float16")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} holds a number that is not finite")
        if (np.diff(self.quantiles, axis=0) < 0).any():
            raise ValueError("quantiles are not in ascending order")

    @classmethod
    def of(cls, features: NDArray[np.float32]) -> "TrainingFeatures":
        """Measure the samples of a training, shape (samples, 544), at least one."""
        spread = features[:: -(-len(features) // SAMPLES_FOR_QUANTILES)]
        quantiles = np.quantile(spread, np.array(PERCENTS) / 100, axis=0)
        mean = features.mean(axis=0, dtype=np.float64)
        return cls(mean.astype(np.float16), quantiles.astype(np.float16))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float16]]) -> "TrainingFeatures":
        """What `as_arrays` gave. Raises KeyError or ValueError if it is something else."""
        if set(arrays) != {"mean", "quantiles"}:
            raise KeyError(f"there are {', '.join(sorted(arrays)) or 'no arrays'}, expected are mean and quantiles")
        return cls(arrays["mean"], arrays["quantiles"])

    def as_arrays(self) -> dict[str, NDArray[np.float16]]:
        return {"mean": self.mean, "quantiles": self.quantiles}
