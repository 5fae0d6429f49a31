"""Why a model said what it said: joins the room `explain` with the loaded models. Holds no logic of its own.

Everything here is computed when it is asked for, never on the way of a prediction.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dlcodegen_core.config import Settings
from dlcodegen_core.errors import RequestError, WorkbenchError
from dlcodegen_core.latency import LatencyClock
from dlcodegen_core.registry.versions import VersionStore

if TYPE_CHECKING:
    from dlcodegen_core.explain.answer_explanation import AnswerExplanation, NearestPairs
    from dlcodegen_core.explain.feature_explanation import FeatureExplanation
    from dlcodegen_core.explain.learned import LearnedRows
    from dlcodegen_core.explain.occlusion import Occlusion
    from dlcodegen_core.explain.provenance import CompletionProvenance
    from dlcodegen_core.inference.breakdown import GroupBreakdown
    from dlcodegen_core.inference.prediction import Prediction, PredictionRequest
    from dlcodegen_core.inference.predictor import LoadedModel, Predictor
    from dlcodegen_core.inference.sequence_answers import LoadedSequence
    from dlcodegen_core.service import DLCodeGen

NEAREST = 5


class Explainer:
    """Thread-safe, since it holds nothing but its tools."""

    def __init__(self, settings: Settings, versions: VersionStore, predictor: "Callable[[], Predictor]") -> None:
        self._settings = settings
        self._versions = versions
        self._predictor = predictor

    def explain_features(
        self, request: "PredictionRequest", version: str, token: str | None = None
    ) -> "FeatureExplanation":
        """What pushed DeepCodeNet to its token, by group and by dimension. token: the one it chose, if it is known.

        Raises ModelError for a sequence model, RequestError or EmbeddingError.
        """
        from dlcodegen_core.explain.feature_explanation import explain_features
        from dlcodegen_core.models.saved_model import load_training_features

        spread = load_training_features(self._versions.folder(self._versions.resolve(version)))
        return explain_features(self._model(version), request, spread, token)

    def occlude(self, request: "PredictionRequest", version: str, token: str | None = None) -> "Occlusion":
        """Which words of the prompt pushed DeepCodeNet to its token; some seconds. Raises as above."""
        from dlcodegen_core.explain.occlusion import occlude

        return occlude(self._model(version), request, token)

    def explain_completion(self, request: "PredictionRequest", version: str, completion: str) -> "CompletionProvenance":
        """Which predictor of a sequence model gave each token of a completion, and where it was seen.

        Raises ModelError for a DeepCodeNet, RequestError for a completion that cannot be walked along.
        """
        from dlcodegen_core.explain.provenance import explain_completion

        return explain_completion(self._model(version), request, completion)

    def break_down(self, prediction: "Prediction", strongest: int = 6) -> "list[GroupBreakdown]":
        """The prediction's feature vector by group, with the names of its version."""
        from dlcodegen_core.inference.breakdown import break_down

        return break_down(prediction.features, self.dimension_names(prediction.version), strongest)

    def dimension_names(self, version: str) -> tuple[str, ...]:
        """The names of the 544 dimensions as `version` knows them."""
        from dlcodegen_core.features.pipeline import dimension_names

        return dimension_names(self._versions.card(version).keywords)

    def generating_model(self) -> str | None:
        """A model that writes code on an Ollama server of this machine, None if there is none."""
        from dlcodegen_core.evaluation.baselines.ollama_lines import find_generating_model

        return find_generating_model(self._settings.ollama_host)

    def ask_ollama(self, model: str, prompt: str) -> str:
        """The rest of the line, as a general model has it. Raises EmbedderUnavailable or ModelError."""
        from dlcodegen_core.evaluation.baselines.ollama_lines import OllamaLines

        asked = OllamaLines(self._settings.ollama_host, model)
        try:
            return asked.complete(prompt).text
        finally:
            asked.close()

    def _model(self, version: str) -> "LoadedModel | LoadedSequence":
        return self._predictor().model(self._versions.resolve(version))


def explain_answer(
    service: "DLCodeGen",
    prompt: str,
    context: Sequence[str] = (),
    completion: str | None = None,
    version: str | None = None,
    **options: object,
) -> "AnswerExplanation":
    """Why a version answers as it does, whole, for HTTP and the command line.

    completion: what to explain; without one the version is asked, with `options` as `predict` takes them.
    Raises RequestError, ModelError or EmbeddingError. That the nearest pairs cannot be found is told, not raised.
    """
    from dlcodegen_core.explain.answer_explanation import AnswerExplanation
    from dlcodegen_core.features.code_tokens import split_tokens
    from dlcodegen_core.features.request_text import check_request_text
    from dlcodegen_core.inference.prediction import PredictionRequest

    if completion is not None:
        check_request_text("The completion", completion)
    if version is not None and not isinstance(version, str):
        raise RequestError(f"version is {type(version).__name__}, not text. Name one such as v1, or leave it out.")
    request = PredictionRequest.of(prompt, context, **options)
    chosen = service.versions.resolve(version)
    is_sequence = service.versions.card(chosen).is_sequence
    clock, confidence = LatencyClock(), None
    first: str | None = None if completion is None else next(iter(split_tokens(completion)), "")
    if completion is None:
        answer = service.predictor.predict(request, chosen)
        best = next(iter(answer.candidates), None)
        # An answer that was kept back is explained all the same: that is when a person asks.
        completion, confidence = (best.text, best.confidence) if best else ("", None)
        first = next(iter(best.tokens), "") if best else None
        clock.lap("prediction")
    if is_sequence:
        line = service.explainer.explain_completion(request, chosen, completion)
        clock.lap("explanation")
        nearest = _nearest(service, chosen, prompt)
        clock.lap("nearest pairs")
        return AnswerExplanation.of_line(line, confidence, nearest, clock.milliseconds())
    token = service.explainer.explain_features(request, chosen, first)
    clock.lap("explanation")
    nearest = _nearest(service, chosen, prompt)
    clock.lap("nearest pairs")
    return AnswerExplanation.of_token(token, completion, confidence, nearest, clock.milliseconds())


def _nearest(service: "DLCodeGen", version: str, prompt: str) -> "NearestPairs":
    """The pairs of the version's own dataset that are most like the prompt, or why there are none."""
    from dlcodegen_core.explain.answer_explanation import NearestPairs

    card = service.versions.card(version)
    if card.dataset_revision is None:
        return NearestPairs(
            "", note="The version was trained on no stored dataset, so no pairs of it can be looked at."
        )
    try:
        return NearestPairs(card.dataset, tuple(service.workshop.nearest(card.dataset, prompt, NEAREST)))
    except WorkbenchError as exc:
        return NearestPairs(card.dataset, note=str(exc))


def learned_rows(service: "DLCodeGen", version: str) -> "LearnedRows | None":
    """Which rows of its stored dataset a version learned from; some seconds for many pairs.

    None for a version of no stored dataset. Raises DatasetError if the dataset is gone or has another past.
    """
    from dlcodegen_core.explain.learned import LearnedRows

    card = service.versions.card(version)
    if card.dataset_revision is None or card.source_folder:
        return None
    rows = list(service.datasets.each(card.dataset, revision=card.dataset_revision))
    if not card.is_sequence:
        return LearnedRows.by_pairs(rows, card.config.held_out, card.config.seed)
    _training, held_out = service.evaluator.source_of(card).split(card.config.held_out, card.config.seed)
    return LearnedRows.by_files(rows, {file.path for file in held_out})
