"""Why DeepCodeNet chose the token it chose, told by its four groups and its 544 numbers.

What is explained is the log-probability of the completion's first token, against a baseline: the average training
sample where the version has kept it, all zeros where it has not. Which words mattered is asked in `occlusion`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from dlcodegen_core.explain.feature_ranks import percentile
from dlcodegen_core.explain.group_shapley import GroupPush, group_pushes
from dlcodegen_core.explain.integrated_gradients import integrated_gradients
from dlcodegen_core.explain.question import Question
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.features.pipeline import dimension_names
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.inference.predictor import LoadedModel
from dlcodegen_core.latency import LatencyClock
from dlcodegen_core.models.training_features import TrainingFeatures
from dlcodegen_core.threads import one_blas_thread

if TYPE_CHECKING:
    from dlcodegen_core.inference.sequence_answers import LoadedSequence

Baseline = Literal["training mean", "zeros"]


@dataclass(frozen=True, slots=True)
class DimensionPush:
    """One of the 544 numbers. index: its column. push: nats of log-probability that it gave to the token.

    percentile: the percentage of training samples below its value, None where the version has not kept them.
    """

    index: int
    name: str
    value: float
    percentile: float | None
    push: float


@dataclass(frozen=True, slots=True)
class FeatureExplanation:
    """What pushed the token from its log-probability at the baseline to the one it won with.

    token: the first of the completion, "" where the completion ends at once. value, baseline_value: its
    log-probability for the prompt and at the baseline. groups: their Shapley values add up to the difference of the
    two. dimensions: all 544 in their order; their pushes add up to the difference plus completeness_gap, found in
    `steps` steps. latency_ms: stage -> milliseconds.
    """

    version: str
    token: str
    value: float
    baseline: Baseline
    baseline_value: float
    groups: tuple[GroupPush, ...]
    dimensions: tuple[DimensionPush, ...]
    completeness_gap: float
    steps: int
    latency_ms: Mapping[str, float]

    def strongest(self, count: int) -> tuple[DimensionPush, ...]:
        """At most `count` dimensions that pushed, in either direction, the strongest first."""
        ranked = sorted(self.dimensions, key=lambda dimension: (-abs(dimension.push), dimension.index))
        return tuple(dimension for dimension in ranked[:count] if dimension.push)


def explain_features(
    model: "LoadedModel | LoadedSequence",
    request: PredictionRequest,
    training: TrainingFeatures | None = None,
    token: str | None = None,
) -> FeatureExplanation:
    """Explain the first token of the completion that DeepCodeNet gives to a request.

    training: what the version kept of its samples, see `load_training_features`. token: the first token of the
    completion where it is known ("": it ends at once), which saves looking for it.
    Raises ModelError for a sequence model, RequestError, EmbeddingError.
    """
    question = Question.of(model, request)
    one_blas_thread()
    network, card = question.model.network, question.model.card
    clock = LatencyClock()
    features = question.model.pipeline.transform_timed([question.text], question.language, clock)[0]
    number = question.winning_class(features) if token is None else question.class_of(token)
    clock.lap("winning token")
    baseline = training.mean.astype(np.float32) if training else np.zeros(DIMENSIONS, np.float32)
    groups = group_pushes(network, features, baseline, number)
    clock.lap("groups")
    path = integrated_gradients(network, features, baseline, number)
    clock.lap("dimensions")
    percentiles = percentile(training, features).tolist() if training else [None] * DIMENSIONS
    columns = zip(dimension_names(card.keywords), features.tolist(), percentiles, path.pushes.tolist(), strict=True)
    dimensions = tuple(DimensionPush(index, *column) for index, column in enumerate(columns))
    clock.lap("ranks")
    return FeatureExplanation(
        version=card.version,
        token=question.model.vocabulary.text_of(number),
        value=path.value,
        baseline="training mean" if training else "zeros",
        baseline_value=path.baseline_value,
        groups=groups,
        dimensions=dimensions,
        completeness_gap=path.gap,
        steps=path.steps,
        latency_ms=clock.milliseconds(),
    )
