"""An answer and why it was given, as one record for HTTP and the command line.

One shape for every kind of model; what a kind cannot tell is empty, and `note` says why. Nothing is computed here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dlcodegen_core.explain.feature_explanation import DimensionPush, FeatureExplanation
from dlcodegen_core.explain.group_shapley import GroupPush
from dlcodegen_core.explain.provenance import CompletionProvenance, TokenProvenance, Verbatim
from dlcodegen_core.retrieval.records import Neighbour

STRONGEST = 20
ModelKind = Literal["sequence", "deepcodenet"]


@dataclass(frozen=True, slots=True)
class FeaturePushes:
    """Why DeepCodeNet chose `token`, the completion's first ("": it ends at once), in nats of log-probability.

    value, baseline_value: of the token for the prompt, and for `baseline`. groups: exact Shapley values, which add up
    to the difference. dimensions: the strongest numbers by integrated gradients; those of all 544 add up to the
    difference plus completeness_gap.
    """

    token: str
    value: float
    baseline: str
    baseline_value: float
    groups: tuple[GroupPush, ...]
    dimensions: tuple[DimensionPush, ...]
    completeness_gap: float

    @classmethod
    def of(cls, found: FeatureExplanation) -> "FeaturePushes":
        return cls(
            found.token, found.value, found.baseline, found.baseline_value, found.groups, found.strongest(STRONGEST),
            found.completeness_gap,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class NearestPairs:
    """The training pairs whose prompts are most like this one, of `dataset`; note: why there are none, else empty."""

    dataset: str
    pairs: tuple[Neighbour, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class AnswerExplanation:
    """confidence: None for a completion that was given by the caller. tokens, verbatim, verbatim_warning: of a
    sequence model; pushes: of DeepCodeNet. note: what the version cannot tell, else empty. latency_ms: of the
    prediction, of its explanation and of the nearest pairs.
    """

    version: str
    model: ModelKind
    completion: str
    confidence: float | None
    tokens: tuple[TokenProvenance, ...]
    verbatim: Verbatim | None
    verbatim_warning: str
    pushes: FeaturePushes | None
    nearest: NearestPairs
    note: str
    latency_ms: Mapping[str, float]

    @classmethod
    def of_line(
        cls,
        found: CompletionProvenance,
        confidence: float | None,
        nearest: NearestPairs,
        latency_ms: Mapping[str, float],
    ) -> "AnswerExplanation":
        """Of a sequence model's completion."""
        return cls(
            version=found.version,
            model="sequence",
            completion=found.completion,
            confidence=confidence,
            tokens=found.tokens,
            verbatim=found.verbatim,
            verbatim_warning=found.verbatim.warning if found.verbatim else "",
            pushes=None,
            nearest=nearest,
            note=found.note,
            latency_ms=latency_ms,
        )

    @classmethod
    def of_token(
        cls,
        found: FeatureExplanation,
        completion: str,
        confidence: float | None,
        nearest: NearestPairs,
        latency_ms: Mapping[str, float],
    ) -> "AnswerExplanation":
        """Of the first token of DeepCodeNet's completion."""
        return cls(
            version=found.version,
            model="deepcodenet",
            completion=completion,
            confidence=confidence,
            tokens=(),
            verbatim=None,
            verbatim_warning="",
            pushes=FeaturePushes.of(found),
            nearest=nearest,
            note="DeepCodeNet keeps nothing of the code it learned from, so it cannot say where a token came from.",
            latency_ms=latency_ms,
        )

    @property
    def lines(self) -> list[str]:
        """For a terminal: the completion's pieces and where each came from, or what pushed to it."""
        told = [_token_line(token) for token in self.tokens]
        if self.pushes is not None:
            told += [f"{group.shapley:+.3f} nats  {group.title}" for group in self.pushes.groups]
            told += [
                f"{number.push:+.3f} nats  {number.name} = {number.value:.2f}" for number in self.pushes.dimensions
            ]
        told += [f"{near.similarity:.2f} alike  {near.pair.source or 'no file'}" for near in self.nearest.pairs]
        return [*told, *filter(None, (self.verbatim_warning, self.note, self.nearest.note))]


def _token_line(token: TokenProvenance) -> str:
    where = f" at {token.places[0].told}" if token.places else ""
    return f"{token.probability:4.0%}  {token.text!r} by {token.kind} ({token.shares[token.kind]:.0%}){where}"
