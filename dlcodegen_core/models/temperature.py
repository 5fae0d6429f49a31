"""One number that makes a network's confidence honest: its logits are divided by it before they become probabilities.

Above 1 the network was too sure, below 1 too shy. Fitted on samples that the network did not learn from, so that the
true tokens there become as likely as one number can make them. What it brought is told by cross-fitting: each sample
is measured with a temperature that was fitted on the samples of other files. Where that makes the true tokens no
likelier, the temperature stays 1. The best token stays the best.

After Guo et al. 2017, "On Calibration of Modern Neural Networks". Knows nothing of PyTorch or files.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.reliability import ReliabilityBin, expected_calibration_error, reliability_bins
from dlcodegen_core.models.vocabulary import UNKNOWN

FEWEST_SAMPLES = 10  # fewer say nothing; the temperature is 1 then
FOLDS = 5
LOWEST, HIGHEST = 0.05, 20.0
PRIOR_STRENGTH = 4.0  # of temperature 1, in samples: a few move it little
HALVINGS = 16  # of the range on a logarithmic scale; leaves an error of 0.01 %

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reliability:
    """Confidence beside the share that was right, before and after, on the same `samples`.

    error_*: the expected calibration error, 0..1. The samples were held out of the training, and each was measured
    with a temperature fitted without its file; but the epoch that was kept was chosen on them.
    """

    samples: int
    error_before: float
    error_after: float
    before: tuple[ReliabilityBin, ...]
    after: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The temperature fitted on all samples, and what such a one brings on samples that it was not fitted on.

    1, and the reliability the same before and after, where it brings nothing.
    """

    temperature: float
    reliability: Reliability


def calibrate(logits: NDArray[np.floating], classes: Ints, files: Sequence[Hashable]) -> Calibrated | None:
    """Fit on held-out samples: logits of shape (samples, classes), true classes, and the file that each comes from.

    None if there are too few samples, or if all come from one file.
    """
    if len(classes) < FEWEST_SAMPLES or len(set(files)) < 2:
        return None
    known = np.asarray(logits, np.float64)
    known = known - known.max(axis=1, keepdims=True)
    folds = _folds(files)
    temperatures = np.ones(len(classes))
    for fold in np.unique(folds):
        temperatures[folds == fold] = fit_temperature(known[folds != fold], classes[folds != fold])
    cooled = known / temperatures[:, np.newaxis]
    helps = _loss(cooled, classes) < _loss(known, classes)
    before, hits = _confidence(known, classes)
    after, _same = _confidence(cooled if helps else known, classes)
    reliability = Reliability(
        len(classes),
        expected_calibration_error(before, hits),
        expected_calibration_error(after, hits),
        reliability_bins(before, hits),
        reliability_bins(after, hits),
    )
    return Calibrated(fit_temperature(known, classes) if helps else 1.0, reliability)


def fit_temperature(logits: NDArray[np.floating], classes: Ints) -> float:
    """The temperature under which the true classes are likeliest, held a little to 1.

    The negative log-likelihood is convex in 1 / temperature, so its slope has one root, which is found by halving.
    """
    known = np.asarray(logits, np.float64)
    known = known - known.max(axis=1, keepdims=True)
    reached = float(known[np.arange(len(classes)), classes].sum())

    def slope(inverse: float) -> float:
        weights = np.exp(inverse * known)
        expected = (weights * known).sum(axis=1) / weights.sum(axis=1)
        return float(expected.sum()) - reached + PRIOR_STRENGTH * (inverse - 1)

    low, high = 1 / HIGHEST, 1 / LOWEST
    for _halving in range(HALVINGS):
        middle = math.sqrt(low * high)
        if slope(middle) < 0:
            low = middle
        else:
            high = middle
    return min(max(1 / math.sqrt(low * high), LOWEST), HIGHEST)


def temperature_of(metrics: Mapping[str, Any]) -> float:
    """The temperature of a version by the metrics on its card; 1 for those that have none. Raises ValueError."""
    told = metrics.get("temperature")
    temperature = 1.0 if told is None else float(told)
    if not LOWEST <= temperature <= HIGHEST:
        raise ValueError(f"its temperature is {told!r}, which no training gives")
    return temperature


def reliability_of(metrics: Mapping[str, Any]) -> Reliability | None:
    """What the temperature of a version brought, by the metrics on its card; None where it was not measured."""
    told = metrics.get("reliability")
    if not told:
        return None
    sides = {side: tuple(ReliabilityBin(**one) for one in told[side]) for side in ("before", "after")}
    return Reliability(**{**told, **sides})


def as_metrics(calibrated: Calibrated | None) -> dict[str, Any]:
    """The entries of a card's metrics that `temperature_of` and `reliability_of` read, as JSON values."""
    if calibrated is None:
        return {"temperature": None, "reliability": None}
    return {"temperature": calibrated.temperature, "reliability": asdict(calibrated.reliability)}


def _folds(files: Sequence[Hashable]) -> Ints:
    """The number of the fold of each sample; all samples of a file are in one, and the folds are about equally big."""
    counts: dict[Hashable, int] = {}
    for file in files:
        counts[file] = counts.get(file, 0) + 1
    filled, fold_of = [0] * min(FOLDS, len(counts)), {}
    for file in sorted(counts, key=lambda file: -counts[file]):
        fold_of[file] = filled.index(min(filled))
        filled[fold_of[file]] += counts[file]
    return np.array([fold_of[file] for file in files], np.int64)


def _loss(logits: Floats, classes: Ints) -> float:
    """The mean negative log-likelihood of the true classes."""
    reached = logits[np.arange(len(classes)), classes]
    return float((np.log(np.exp(logits).sum(axis=1)) - reached).mean())


def _confidence(logits: Floats, classes: Ints) -> tuple[Floats, NDArray[np.bool_]]:
    """How sure the best token is that may be offered, and whether it is the true one."""
    chances = np.exp(logits)
    chances /= chances.sum(axis=1, keepdims=True)
    chances[:, UNKNOWN] = -1.0
    best = chances.argmax(axis=1)
    return chances.max(axis=1), (best == classes) & (classes != UNKNOWN)
