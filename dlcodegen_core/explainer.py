"""Why a model said what it said: joins the room `explain` with the loaded models. Holds no logic of its own.

Everything here is computed when it is asked for, never on the way of a prediction.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from dlcodegen_core.config import Settings
from dlcodegen_core.registry.versions import VersionStore

if TYPE_CHECKING:
    from dlcodegen_core.explain.feature_explanation import FeatureExplanation
    from dlcodegen_core.explain.occlusion import Occlusion
    from dlcodegen_core.explain.provenance import CompletionProvenance
    from dlcodegen_core.inference.breakdown import GroupBreakdown
    from dlcodegen_core.inference.prediction import Prediction, PredictionRequest
    from dlcodegen_core.inference.predictor import LoadedModel, Predictor
    from dlcodegen_core.inference.sequence_answers import LoadedSequence


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
