"""What a threshold on the confidence buys: how much is still offered, and how much of that is right.

Selective prediction (El-Yaniv and Wiener 2010, "On the Foundations of Noise-free Selective Classification"): the share
that is offered is the coverage, the share of it that is right the precision.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dlcodegen_core.evaluation.scores import Answer


@dataclass(frozen=True, slots=True)
class Offering:
    """At a threshold: how many of `lines` are offered, how many of those are exactly right, and how similar they are.

    edit_similarity: mean of the offered ones, 0..100; 0 if nothing is offered.
    """

    threshold: float
    lines: int
    offered: int
    right: int
    edit_similarity: float

    @property
    def coverage(self) -> float:
        return self.offered / self.lines if self.lines else 0.0

    @property
    def precision(self) -> float | None:
        """None if nothing is offered."""
        return self.right / self.offered if self.offered else None


def offering(answers: Sequence[Answer], threshold: float) -> Offering:
    """What is offered of these answers if those less sure than the threshold are kept back."""
    kept = [answer for answer in answers if answer.confidence is not None and answer.confidence >= threshold]
    similarity = sum(answer.edit_similarity for answer in kept) / len(kept) if kept else 0.0
    return Offering(threshold, len(answers), len(kept), sum(answer.exact_match for answer in kept), similarity)


def offerings(answers: Sequence[Answer], steps: int = 20) -> list[Offering]:
    """At thresholds from 0 to 1, as far as anything is offered."""
    found = [offering(answers, step / steps) for step in range(steps + 1)]
    return [each for each in found if each.offered]
