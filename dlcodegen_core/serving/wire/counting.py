"""What a reply counts and times: tokens, why it ended, how long its parts took."""

from collections.abc import Mapping
from dataclasses import dataclass

from dlcodegen_core.inference.prediction import Candidate, Prediction

LOADING = ("model load",)
READING = ("embedding", "keywords", "AST", "syntax", "reading")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of the model that answered: of the texts it was given, and of those it gave."""

    prompt_tokens: int
    completion_tokens: int

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.prompt_tokens + other.prompt_tokens, self.completion_tokens + other.completion_tokens)

    def to_json(self) -> dict[str, int]:
        total = self.prompt_tokens + self.completion_tokens
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": total,
        }


@dataclass(frozen=True, slots=True)
class Spent:
    """Milliseconds of an answer: for having the model, reading the prompt, and all the rest."""

    load_ms: float
    reading_ms: float
    writing_ms: float

    @classmethod
    def of(cls, latency_ms: Mapping[str, float]) -> "Spent":
        load = sum(latency_ms.get(stage, 0.0) for stage in LOADING)
        reading = sum(latency_ms.get(stage, 0.0) for stage in READING)
        return cls(load, reading, max(0.0, sum(latency_ms.values()) - load - reading))


@dataclass(frozen=True, slots=True)
class TokenProbability:
    """A token as it shows, its log-probability, and the likeliest tokens at its place with theirs."""

    text: str
    log_probability: float
    likeliest: Mapping[str, float]


def written_tokens(candidate: Candidate) -> int:
    """How many tokens a candidate shows; those that only typed again what stood there already show nothing."""
    return sum(1 for token in candidate.tokens if token)


def finish_reason(prediction: Prediction, candidate: Candidate, max_tokens: int) -> str:
    """ "length" if it ended for want of tokens, "stop" if it came to an end of its own."""
    if prediction.taught_by is not None and candidate is prediction.candidates[0]:
        return "stop"
    return "length" if len(candidate.tokens) >= max_tokens else "stop"


def choices(prediction: Prediction, count: int) -> list[Candidate]:
    """As many candidates as are wanted. Where fewer differ, the best stands for the rest."""
    best = prediction.candidates[0] if prediction.candidates else Candidate("", 0.0)
    if prediction.abstained:
        best = Candidate("", best.confidence)
    found = [best, *prediction.candidates[1:count]]
    return found + [best] * (count - len(found))


def rate(count: int, milliseconds: float) -> float:
    """So many a second; 0 where no time has passed."""
    return count * 1000 / milliseconds if milliseconds > 0 else 0.0
