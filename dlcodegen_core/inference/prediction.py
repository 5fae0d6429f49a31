"""What a prediction is: the completion, how sure, from which numbers, how fast."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.errors import RequestError
from dlcodegen_core.features.language import LANGUAGES
from dlcodegen_core.features.request_text import check_request_text

MAX_TOKENS = 256
MAX_BEAMS = 16
LEAST_TEMPERATURE = 0.001  # log-probabilities divided by less are no numbers any more


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to go on. confidence: the model's own probability of this text, 0..1."""

    text: str
    confidence: float
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class KnownFeatures:
    """Features that were computed on the way to an answer: the `features_of` of a model that looks at them."""

    vector: NDArray[np.float32]

    def __call__(self) -> NDArray[np.float32]:
        return self.vector


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """The answer to a request.

    features_of gives the features; a model that does not look at them computes them when they are first asked for,
    outside of latency_ms. candidates: ranked, the first is the completion. latency_ms: stage ->
    milliseconds, adding up to the total. cached: whether the prediction cache had it. version: the model that
    answered. abstained: the best candidate was less sure than was asked for, so the completion is empty; the
    candidates are there all the same. taught_by: the row of the pair in the dataset of feedback that taught the
    completion, None if it is the model's own. arm: of the A/B test that dealt the version, empty outside of one.
    """

    completion: str
    confidence: float
    features_of: Callable[[], NDArray[np.float32]]
    candidates: tuple[Candidate, ...]
    latency_ms: Mapping[str, float]
    cached: bool
    version: str
    abstained: bool = False
    taught_by: int | None = None
    arm: str = ""

    @property
    def features(self) -> NDArray[np.float32]:
        """The prompt's feature vector, float32 (544,), read-only. Raises EmbeddingError."""
        return self.features_of()

    @property
    def plain_fields(self) -> dict[str, object]:
        """What goes to JSON."""
        first = {"completion": self.completion, "confidence": self.confidence, "features": self.features}
        return {**first, **self.fields_without_features}

    @property
    def fields_without_features(self) -> dict[str, object]:
        """What goes to JSON, but for the features, which a sequence model would first have to compute.

        `abstained` only where it is so, and nobody meets it who has not set a threshold; nor `taught_by` who has taught
        nothing, nor `arm` outside of an A/B test.
        """
        return {
            "completion": self.completion,
            "confidence": self.confidence,
            "candidates": self.candidates,
            "latency_ms": dict(self.latency_ms),
            "cached": self.cached,
            "version": self.version,
            **({"abstained": True} if self.abstained else {}),
            **({"taught_by": self.taught_by} if self.taught_by is not None else {}),
            **({"arm": self.arm} if self.arm else {}),
        }

    @property
    def total_ms(self) -> float:
        return sum(self.latency_ms.values())


@dataclass(frozen=True, slots=True)
class PredictionRequest:
    """What was asked. Raises RequestError if it cannot be answered.

    max_tokens counts visible code tokens of DeepCodeNet, and tokens of its own of the sequence model. beams: how many
    ways to go on are weighed. temperature above 0 draws samples instead, among the top_k likeliest tokens (0: all)
    that hold top_p of the probability; the same seed draws the same. length_penalty: 0 ranks completions by their
    probability, 1 by the mean over their tokens; None leaves the ranking to the model. suffix: the
    code behind the cursor. min_confidence: offer nothing that is less sure than this.
    """

    prompt: str
    context: tuple[str, ...] = ()
    max_tokens: int = 1
    beams: int = 4
    stop: tuple[str, ...] = ()
    language: str | None = None
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0
    length_penalty: float | None = None
    suffix: str = ""
    min_confidence: float = 0.0

    def __post_init__(self) -> None:
        for what, text in (
            ("The prompt", self.prompt),
            ("The suffix", self.suffix),
            *(("A context line", line) for line in self.context),
        ):
            check_request_text(what, text)
        if not self.prompt.strip() and not any(line.strip() for line in self.context):
            raise RequestError("The prompt is empty. Type the code that should be completed.")
        for name, number, most in (("max_tokens", self.max_tokens, MAX_TOKENS), ("beams", self.beams, MAX_BEAMS)):
            if not isinstance(number, int) or not 1 <= number <= most:
                raise RequestError(f"{name} is {number!r}. Use a whole number from 1 to {most}.")
        for name, value, low, high in (
            ("temperature", self.temperature, 0, 2),
            ("top_k", self.top_k, 0, 16_384),
            ("top_p", self.top_p, 0.01, 1),
            ("seed", self.seed, 0, 2**32 - 1),
            ("length_penalty", self.length_penalty, 0, 2),
            ("min_confidence", self.min_confidence, 0, 1),
        ):
            if name == "length_penalty" and value is None:
                continue
            kind, what = (int, "whole number") if name in ("top_k", "seed") else (int | float, "number")
            if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
                raise RequestError(f"{name} is {value!r}. Use a {what} from {low} to {high}.")
        if 0 < self.temperature < LEAST_TEMPERATURE:
            raise RequestError(
                f"temperature is {self.temperature!r}. Use 0 for the likeliest text, or at least {LEAST_TEMPERATURE}."
            )
        if self.language is not None and self.language not in LANGUAGES:
            raise RequestError(f"The language {self.language!r} is not known. Use one of: {', '.join(LANGUAGES)}.")
        if not all(isinstance(mark, str) and mark for mark in self.stop):
            raise RequestError("A stop string is empty or not text. Leave it out, or give at least one character.")

    @classmethod
    def of(cls, prompt: str, context: Sequence[str] = (), **options: object) -> "PredictionRequest":
        """Build a request from a caller's loose types. Raises RequestError."""
        lists = {"context": context, "stop": options.pop("stop", ())}
        for name, value in lists.items():
            if isinstance(value, str) or not isinstance(value, Sequence):
                raise RequestError(f"{name} is {type(value).__name__}. Give a list of strings.")
        return cls(prompt, tuple(context), stop=tuple(lists["stop"]), **options)  # type: ignore[arg-type]
