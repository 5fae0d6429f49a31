"""What a scoreboard holds: the cases once, and for every system its means and its answer to each case.

Plain frozen data that goes to JSON and back, and the few questions a page asks of it. Nothing is measured here.
"""

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from dlcodegen_core.evaluation.line_metrics import Interval, paired_bootstrap_difference
from dlcodegen_core.models.reliability import ReliabilityBin

Metric = Literal["first_token", "exact_match", "edit_similarity"]


@dataclass(frozen=True, slots=True)
class Question:
    """A case as it is shown: the end of its prompt, what came after it, and where it stands."""

    prompt_tail: str
    target: str
    path: str
    line: int
    language: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A system's guess and its marks. edit_similarity: 0..100; first_token: whether the first code token is right."""

    guess: str
    confidence: float | None
    first_token: bool
    exact_match: bool
    edit_similarity: float
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One case and one system's answer to it."""

    question: Question
    answer: Answer


@dataclass(frozen=True, slots=True)
class SystemScore:
    """A system's row. answers[i] belongs to the scoreboard's case i; there are fewer if it failed or ran out of time.

    The figures are None without an answer. first_token and exact_match are shares, 0..1, edit_similarity is 0..100.
    calibration_error and reliability compare confidence with exact match; they are None and empty for a system
    that has no confidence. failure: the message of the error that ended its turn.
    """

    name: str
    answers: tuple[Answer, ...] = ()
    first_token: Interval | None = None
    exact_match: Interval | None = None
    edit_similarity: Interval | None = None
    calibration_error: float | None = None
    reliability: tuple[ReliabilityBin, ...] = ()
    p50_ms: float | None = None
    p95_ms: float | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """The cases and a row for every system, in the order they were given."""

    cases: tuple[Question, ...]
    systems: tuple[SystemScore, ...]

    @property
    def files(self) -> int:
        """How many files the cases come from."""
        return len({case.path for case in self.cases})

    def score(self, name: str) -> SystemScore:
        """The row of a system. Raises KeyError for a name that is not on the board."""
        for system in self.systems:
            if system.name == name:
                return system
        raise KeyError(f"no system {name!r} on this scoreboard, only: {', '.join(row.name for row in self.systems)}")

    def cut_short(self, name: str) -> bool:
        """Whether a system left cases unanswered, because it failed or ran out of time."""
        return len(self.score(name).answers) < len(self.cases)

    def winner(self, metric: Metric) -> str | None:
        """The system with the highest mean among those that answered every case; the first given of several."""
        means = {
            system.name: interval.mean
            for system in self.systems
            if (interval := getattr(system, metric)) is not None and not self.cut_short(system.name)
        }
        return max(means, key=lambda name: means[name]) if means else None

    def difference(self, first: str, second: str, metric: Metric) -> Interval | None:
        """How much better the first system is on the cases that both answered; None if there is no such case."""
        left, right = self.score(first).answers, self.score(second).answers
        shared = min(len(left), len(right))
        if shared == 0:
            return None
        return paired_bootstrap_difference(
            [float(getattr(answer, metric)) for answer in left[:shared]],
            [float(getattr(answer, metric)) for answer in right[:shared]],
            [case.path for case in self.cases[:shared]],
        )

    def beaten_by(self, name: str) -> tuple[str, ...]:
        """The systems with a higher mean exact match or edit similarity on the cases that both answered."""
        metrics: tuple[Metric, ...] = ("exact_match", "edit_similarity")
        return tuple(
            other.name
            for other in self.systems
            if other.name != name
            and any((gap := self.difference(other.name, name, metric)) and gap.mean > 0 for metric in metrics)
        )

    def best(self, name: str, count: int) -> list[Sample]:
        """The system's most similar guesses, long lines before short ones."""
        return sorted(self._samples(name), key=_badness)[:count]

    def worst(self, name: str, count: int) -> list[Sample]:
        """The system's least similar guesses, those it was surest of first."""
        return sorted(
            self._samples(name), key=lambda sample: (sample.answer.edit_similarity, -(sample.answer.confidence or 0))
        )[:count]

    def random(self, name: str, count: int, seed: int) -> list[Sample]:
        """Some of the system's guesses; the same seed draws the same ones."""
        samples = self._samples(name)
        return random.Random(seed).sample(samples, min(count, len(samples)))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Scoreboard":
        """The inverse of `to_json`, also after a way through JSON text. Raises KeyError or TypeError on other data."""
        return cls(tuple(Question(**case) for case in value["cases"]), tuple(_system(row) for row in value["systems"]))

    def _samples(self, name: str) -> list[Sample]:
        return [Sample(*pair) for pair in zip(self.cases, self.score(name).answers, strict=False)]


def _badness(sample: Sample) -> tuple[float, int]:
    return -sample.answer.edit_similarity, -len(sample.question.target)


def _system(row: Mapping[str, Any]) -> SystemScore:
    metrics = ("first_token", "exact_match", "edit_similarity")
    return SystemScore(
        **{
            **row,
            **{metric: Interval(**row[metric]) if row[metric] else None for metric in metrics},
            "answers": tuple(Answer(**answer) for answer in row["answers"]),
            "reliability": tuple(ReliabilityBin(**part) for part in row["reliability"]),
        }
    )
