"""Whether a fine-tuned version may take its parent's place: no worse on code that neither learned, better on lessons.

Both are put to the same items, so what is judged is the difference item by item. Two figures guard the held-out code.
Lines are what people see, but a hundred of them leave the mean difference uncertain by two points; so they count as
worse if the whole interval lies below zero, or if the mean fell by more than MOST_POINTS_LOST. The surprise at
thousands of tokens is far more exact: it counts as worse if it grew by more than MOST_SURPRISE_GAINED, an amount that
lines do not show yet.

Pure: numbers in, a verdict with its reasons out.
"""

from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

MOST_POINTS_LOST = 2.0  # of 100
MOST_SURPRISE_GAINED = 0.01  # of the parent's
LEAST_POINTS_GAINED = 1.0  # of similarity to the taught lines, where as many are right as before
FEWEST_ITEMS = 20  # held-out items, or what they say is no more than chance
RESAMPLES = 1_000
LEVEL = 0.95
PRODUCTION, CANDIDATE = "production", "candidate"


@dataclass(frozen=True, slots=True)
class Paired:
    """One figure of parent and child on the same `count` items: both means, and the mean of child - parent with its
    95 % interval."""

    parent: float
    child: float
    difference: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Taught:
    """How parent and child, without any memory of corrections, answer what was taught: how many of `count` they get
    right as their first answer, and how similar these are to it, 0..100."""

    count: int
    parent_right: int
    child_right: int
    parent_similarity: float
    child_similarity: float

    @classmethod
    def of(
        cls,
        parent_right: Sequence[bool],
        child_right: Sequence[bool],
        parent_similarity: Sequence[float],
        child_similarity: Sequence[float],
    ) -> "Taught":
        """From the answers one by one, at least one."""
        means = (float(np.mean(values)) for values in (parent_similarity, child_similarity))
        return cls(len(parent_right), sum(parent_right), sum(child_right), *means)


@dataclass(frozen=True, slots=True)
class Figures:
    """All that is judged. answers: of held-out questions, in points of 100, higher is better; of the `unit` lines or
    samples. surprise: at held-out tokens, in nats, lower is better. Both None if nothing was held out, and
    `why_nothing` says why. carried_over: to lessons that were set aside for that, learned by neither, if there were
    enough."""

    unit: str
    answers: Paired | None
    surprise: Paired | None
    taught: Taught
    carried_over: Taught | None = None
    why_nothing: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Verdict:
    """outcome: `production` or `candidate`. reasons: sentences for people, with the numbers."""

    outcome: str
    reasons: tuple[str, ...]


def compare(parent: ArrayLike, child: ArrayLike, groups: Sequence[Hashable], seed: int = 0) -> Paired:
    """Both sides' values of the same items; groups[i] names the file that item i comes from.

    Items of one file are alike, so the interval comes from drawing whole files anew (the cluster bootstrap, Efron and
    Tibshirani 1993, chapter 8); of a single file, from drawing items. Raises ValueError if nothing is given.
    """
    left, right = np.asarray(parent, np.float64), np.asarray(child, np.float64)
    if left.shape != right.shape or left.size != len(groups) or not left.size:
        raise ValueError(f"{left.size} and {right.size} values of {len(groups)} items, give as many of each")
    numbers: dict[Hashable, int] = {}
    members = np.array([numbers.setdefault(group, len(numbers)) for group in groups])
    if len(numbers) == 1:
        members = np.arange(left.size)
    differences = right - left
    sums, counts = np.bincount(members, differences), np.bincount(members)
    times = np.random.default_rng(seed).multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=RESAMPLES)
    low, high = np.quantile((times @ sums) / (times @ counts), ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Paired(
        float(left.mean()), float(right.mean()), float(differences.mean()), float(low), float(high), left.size
    )


def decide(figures: Figures) -> Verdict:
    """The verdict on a fine-tuned version."""
    reasons, harmless = _held_out(figures)
    learned, improved = _learned(figures.taught)
    reasons.append(learned)
    if figures.carried_over:
        reasons.append(_carried(figures.carried_over))
    return Verdict(PRODUCTION if harmless and improved else CANDIDATE, tuple(reasons))


def _held_out(figures: Figures) -> tuple[list[str], bool]:
    if figures.answers is None or figures.surprise is None:
        return [f"Whether it unlearned anything cannot be told: {figures.why_nothing}"], False
    few = min(figures.answers.count, figures.surprise.count)
    told = [_answers(figures.answers, figures.unit), _surprise(figures.surprise)]
    if few < FEWEST_ITEMS:
        told.append(f"That is too little to judge by: {few} held-out items, at least {FEWEST_ITEMS} are needed.")
    return told, few >= FEWEST_ITEMS and not _fewer_points(figures.answers) and not _more_surprise(figures.surprise)


def _fewer_points(answers: Paired) -> bool:
    return answers.difference < -MOST_POINTS_LOST or answers.high < 0


def _more_surprise(surprise: Paired) -> bool:
    return surprise.difference > MOST_SURPRISE_GAINED * surprise.parent


def _answers(answers: Paired, unit: str) -> str:
    told = f"Held-out {unit}: {answers.parent:.1f} → {answers.child:.1f} of 100"
    if _fewer_points(answers):
        what = "worse"
    elif answers.low > 0:
        what = "better"
    elif answers.difference == 0 and answers.low == answers.high:
        what = "the same"
    else:
        what = "within the noise"
    return f"{told}, {what} ({answers.count:,} {unit}, 95 % interval {answers.low:+.1f} to {answers.high:+.1f})."


def _surprise(surprise: Paired) -> str:
    change = surprise.difference / surprise.parent if surprise.parent else 0.0
    if _more_surprise(surprise):
        what = f"{change:.1%} more than before, where at most {MOST_SURPRISE_GAINED:.0%} is let pass"
    elif abs(change) < 0.0005:
        what = "as much as before"
    else:
        what = f"{abs(change):.1%} {'less' if change < 0 else 'more'} than before"
    return f"Held-out code surprises it {what} ({surprise.count:,} tokens)."


def _learned(taught: Taught) -> tuple[str, bool]:
    of = f"Of {taught.count} taught {'line' if taught.count == 1 else 'lines'} "
    if taught.child_right > taught.parent_right:
        return f"{of}it now gets {taught.child_right} right instead of {taught.parent_right}.", True
    if taught.child_right < taught.parent_right:
        return f"{of}it gets {taught.child_right} right, fewer than the {taught.parent_right} before.", False
    told = f"{of}it gets {taught.child_right} right as before"
    if taught.child_right == taught.count:
        return f"{told}; there was nothing to learn.", False
    similar = f"their similarity to what was taught went {taught.parent_similarity:.1f} → {taught.child_similarity:.1f}"
    if taught.child_similarity - taught.parent_similarity >= LEAST_POINTS_GAINED:
        return f"{told}, but comes closer: {similar} of 100.", True
    return f"{told}, and comes no closer: {similar} of 100.", False


def _carried(carried: Taught) -> str:
    return (
        f"Of {carried.count} corrections set aside, after learning only the others: {carried.parent_right} → "
        f"{carried.child_right} right, similarity {carried.parent_similarity:.1f} → {carried.child_similarity:.1f}."
    )
