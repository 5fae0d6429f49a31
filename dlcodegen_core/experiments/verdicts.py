"""What a test says, in one sentence: who is better, that they are alike, or how much is still needed."""

import math

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.experiments import planning
from dlcodegen_core.experiments.e_process import Interval, log_evidence
from dlcodegen_core.experiments.records import (
    ALIKE,
    BY_ACCEPTED,
    BY_KEPT,
    BY_SIMILARITY,
    FIRST,
    OPEN,
    SECOND,
    Experiment,
    Verdict,
)

MARGIN = 0.05  # arms that differ by less than this are alike
TOO_FEW = 20  # blocks; nothing is foretold from fewer
WHAT = {
    BY_ACCEPTED: "of its answers are accepted",
    BY_KEPT: "of its answers are accepted or edited",
    BY_SIMILARITY: "of each of its answers is kept on average",
}


def decide(
    experiment: Experiment,
    gains: NDArray[np.float64],
    values: tuple[Interval, Interval],
    difference: Interval,
    counts: tuple[int, int],
) -> tuple[Verdict, tuple[int, int] | None]:
    """The verdict, and how many more outcomes of each arm are needed, None where nobody can say.

    gains: of all whole blocks. counts: how many outcomes each arm has, those that wait for a counterpart included. A
    decision stands once the evidence was enough, even if it has become less since: the level of the test covers every
    look at once.
    """
    enough = log_evidence(gains) >= math.log(1 / experiment.alpha)
    if enough.any():
        crossed = gains[: int(enough.argmax()) + 1]
        better = int(log_evidence(crossed, 1)[-1] > log_evidence(crossed, -1)[-1])
        return _better(experiment, better, values, bool(enough[-1])), None
    if difference.low >= -MARGIN and difference.high <= MARGIN:
        sentence = f"{_names(experiment)} do about equally well: they differ by less than {MARGIN * 100:.0f} points."
        return Verdict(ALIKE, "", sentence), None
    return _open(experiment, gains, difference, counts)


def _better(experiment: Experiment, better: int, values: tuple[Interval, Interval], still: bool) -> Verdict:
    """still: whether the evidence is enough now as well."""
    winner, loser = experiment.arms[better], experiment.arms[1 - better]
    sentence = (
        f"{winner.version} is better than {loser.version}: {values[better].mean:.0%} {WHAT[experiment.measure]}, "
        f"against {values[1 - better].mean:.0%}. If there were no difference, so much evidence would come up in at "
        f"most {experiment.alpha:.0%} of such tests."
        f"{'' if still else ' It has become less since it was enough, so it may be one of those.'}"
    )
    return Verdict((FIRST, SECOND)[better], winner.version, sentence)


def _open(
    experiment: Experiment, gains: NDArray[np.float64], difference: Interval, counts: tuple[int, int]
) -> tuple[Verdict, tuple[int, int] | None]:
    if len(gains) < TOO_FEW:
        missing = _missing(experiment, TOO_FEW, counts)
        return _still_open(f"Too early to say anything; look again after {_told(experiment, missing)}."), None
    more = planning.blocks_more(gains, experiment.alpha)
    alike = planning.blocks_more_until_alike(difference, len(gains), MARGIN)
    if more is not None and (alike is None or more <= alike):
        needed = _missing(experiment, len(gains) + max(1, more), counts)
        ahead = experiment.arms[int(gains.mean() > 0)].version
        return _still_open(
            f"Not enough evidence yet. {ahead} is ahead; about {_told(experiment, needed)} are needed if the "
            "difference is what it looks like."
        ), needed
    if alike is not None:
        needed = _missing(experiment, len(gains) + max(1, alike), counts)
        return _still_open(
            f"No difference so far. About {_told(experiment, needed)} would show that they differ by less than "
            f"{MARGIN * 100:.0f} points, if it stays so."
        ), needed
    return _still_open("No difference so far, and nobody can say how long it would take to find one."), None


def _still_open(sentence: str) -> Verdict:
    return Verdict(OPEN, "", sentence)


def _missing(experiment: Experiment, blocks: int, counts: tuple[int, int]) -> tuple[int, int]:
    """How many more outcomes of each arm make so many blocks in all."""
    first, second = (max(0, size * blocks - count) for size, count in zip(experiment.sizes, counts, strict=True))
    return first, second


def _told(experiment: Experiment, needed: tuple[int, int]) -> str:
    """`600 more answers of each`, or, where the traffic is split unevenly, each arm's own number."""
    first, second = map(rounded, needed)
    if first == second:
        return f"{first:,} more answers of each"
    versions = [arm.version for arm in experiment.arms]
    return f"{first:,} more answers of {versions[0]} and {second:,} of {versions[1]}"


def rounded(count: int) -> int:
    """Two digits that mean something, upwards: an estimate is no more exact than that."""
    step = 10 ** max(0, len(str(count)) - 2)
    return -(-count // step) * step


def _names(experiment: Experiment) -> str:
    return " and ".join(arm.version for arm in experiment.arms)
