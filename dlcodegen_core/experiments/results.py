"""From the rows of a test to what they tell: counts, rates with limits, the evidence over time, the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.experiments.e_process import block_gains, log_evidence, mean_interval
from dlcodegen_core.experiments.records import (
    ACCEPTED,
    BY_ACCEPTED,
    BY_KEPT,
    REJECTED,
    RESULTS,
    ArmResult,
    EvidencePoint,
    Experiment,
    Results,
    ShadowResult,
)
from dlcodegen_core.experiments.verdicts import decide

POINTS = 300
LARGEST_LOG = 690.0  # an e-value beyond it is no number any more


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """An outcome as it is stored. arm: 0 or 1. user: a pseudonym, empty for none.

    shadow_similarity: of what was kept with what the shadow had answered, None if there are not both.
    """

    arm: int
    result: str
    similarity: float
    user: str
    latency_ms: float | None
    shadow_similarity: float | None = None


@dataclass(frozen=True, slots=True)
class ShadowRow:
    """A shadow's answer beside the shown one."""

    same: bool
    likeness: float
    latency_ms: float


def summarise(experiment: Experiment, outcomes: Sequence[OutcomeRow], shadows: Sequence[ShadowRow]) -> Results:
    """outcomes and shadows: in the order they came."""
    arms = np.array([row.arm for row in outcomes], np.int64)
    values = np.array([_value(experiment.measure, row) for row in outcomes], np.float64)
    per_arm = (values[arms == 0], values[arms == 1])
    intervals = (mean_interval(per_arm[0], 0, 1, experiment.alpha), mean_interval(per_arm[1], 0, 1, experiment.alpha))
    gains = block_gains(*per_arm, experiment.sizes)
    difference = mean_interval(gains, -1, 1, experiment.alpha)
    verdict, needed = decide(experiment, gains, intervals, difference, (len(per_arm[0]), len(per_arm[1])))
    return Results(
        experiment=experiment,
        arms=tuple(  # type: ignore[arg-type]  # there are two
            ArmResult(
                version=arm.version,
                share=arm.share,
                counts={result: sum(row.result == result for row in own) for result in RESULTS},
                value=interval,
                users=len({row.user for row in own if row.user}),
                anonymous=sum(not row.user for row in own),
                kept_similarity=_mean([row.similarity for row in own if row.result != REJECTED]),
                latency_ms=_median([row.latency_ms for row in own if row.latency_ms is not None]),
            )
            for number, (arm, interval) in enumerate(zip(experiment.arms, intervals, strict=True))
            for own in ([row for row in outcomes if row.arm == number],)
        ),
        difference=difference,
        evidence=_evidence(arms, gains, experiment.sizes),
        enough=1 / experiment.alpha,
        needed=needed,
        waiting=len(values) - len(gains) * sum(experiment.sizes),
        verdict=verdict,
        shadow=_shadow(experiment, outcomes, shadows) if experiment.shadow else None,
    )


def edit_similarity(first: str, second: str) -> float:
    """How alike two texts are, 0..1, line ends and blanks at the end aside; 1 means equal."""
    from rapidfuzz import fuzz

    return float(fuzz.ratio(first.rstrip(), second.rstrip())) / 100


def _value(measure: str, row: OutcomeRow) -> float:
    if measure == BY_ACCEPTED:
        return float(row.result == ACCEPTED)
    return float(row.result != REJECTED) if measure == BY_KEPT else row.similarity


def _evidence(arms: NDArray[np.int64], gains: NDArray[np.float64], sizes: tuple[int, int]) -> tuple[EvidencePoint, ...]:
    """From no evidence at the start, at most POINTS of it, the present one always among them."""
    start = EvidencePoint(0)
    if not len(gains):
        return (start,)
    # A block is whole when the last of its answers has come, whichever arm that is of.
    ends = [np.flatnonzero(arms == arm)[size - 1 :: size][: len(gains)] for arm, size in enumerate(sizes)]
    whole = np.maximum(*ends) + 1
    halves = [np.exp(np.minimum(log_evidence(gains, side), LARGEST_LOG)) / 2 for side in (-1, 1)]
    step = -(-len(gains) // POINTS)
    kept = range((len(gains) - 1) % step, len(gains), step)
    return (start, *(EvidencePoint(int(whole[place]), *(float(half[place]) for half in halves)) for place in kept))


def _shadow(experiment: Experiment, outcomes: Sequence[OutcomeRow], rows: Sequence[ShadowRow]) -> ShadowResult:
    compared = [(row.shadow_similarity, row.similarity) for row in outcomes if row.shadow_similarity is not None]
    return ShadowResult(
        version=experiment.shadow,
        answers=len(rows),
        same=_mean([float(row.same) for row in rows]),
        likeness=_mean([row.likeness for row in rows]),
        compared=len(compared),
        kept_by_shadow=_mean([shadow for shadow, _shown in compared]),
        kept_by_shown=_mean([shown for _shadow, shown in compared]),
        latency_ms=_median([row.latency_ms for row in rows]),
    )


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _median(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None
