"""Answers requests: cache look-up, features, network, decoding, each stage on the clock."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.errors import ModelError, RequestError
from dlcodegen_core.features.embedders import Embedders
from dlcodegen_core.features.pipeline import FeaturePipeline, compose
from dlcodegen_core.inference.prediction import Candidate, Prediction, PredictionRequest
from dlcodegen_core.inference.request_log import STAGES, RequestLog
from dlcodegen_core.inference.single_flight import SingleFlight
from dlcodegen_core.latency import LatencyClock
from dlcodegen_core.models.decoding import beam_search
from dlcodegen_core.models.forward_pass import ForwardPass
from dlcodegen_core.models.saved_model import ModelCard, load_card, load_forward_pass, load_sequence
from dlcodegen_core.models.vocabulary import Vocabulary
from dlcodegen_core.registry.versions import VersionStore
from dlcodegen_core.storage.memory_cache import CacheStats, MemoryCache

if TYPE_CHECKING:
    from dlcodegen_core.inference.sequence_answers import LoadedSequence

CACHED_PREDICTIONS = 500
CACHE_SECONDS = 30 * 60
MODELS_IN_MEMORY = 3


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A version ready to answer."""

    card: ModelCard
    network: ForwardPass
    vocabulary: Vocabulary
    pipeline: FeaturePipeline


class Predictor:
    """Thread-safe; models are loaded when they are first asked and the latest few are kept."""

    def __init__(self, versions: VersionStore, embedders: Embedders, log: RequestLog) -> None:
        self._versions = versions
        self._embedders = embedders
        self._log = log
        self._cache: MemoryCache[Prediction] = MemoryCache(CACHED_PREDICTIONS, CACHE_SECONDS)
        self._flights: SingleFlight[Prediction] = SingleFlight()
        self._models: OrderedDict[str, LoadedModel | LoadedSequence] = OrderedDict()
        self._loading = threading.Lock()

    def predict(
        self,
        request: PredictionRequest,
        version: str | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Prediction:
        """Complete the request with a version, the newest if None. Raises ModelError, EmbeddingError, RequestError.

        When `cancelled` answers yes, a sequence model ends with what it has found; that answer is not kept.
        """
        # How sure it has to be is asked of the answer, so that one computation serves every threshold.
        prediction = self._predict(replace(request, min_confidence=0.0), version, cancelled)
        if prediction.candidates and prediction.confidence < request.min_confidence:
            return replace(prediction, completion="", abstained=True)
        return prediction

    def _predict(self, request: PredictionRequest, version: str | None, cancelled: Callable[[], bool]) -> Prediction:
        clock = LatencyClock()
        chosen = self._versions.resolve(version)
        key = _key(chosen, request)
        kept = self._cache.get(key)
        clock.lap("cache look-up")
        if kept is None:
            kept, shared = self._flights.run(key, lambda: self._compute(chosen, request, clock, key, cancelled))
            if not shared:
                self._log.add(kept.latency_ms, kept.cached, chosen, kept.confidence)
                return kept
            clock.lap("cache look-up")  # waiting for somebody else's computation
        latency_ms = clock.milliseconds()
        self._log.add(latency_ms, True, chosen, kept.confidence)
        return replace(kept, latency_ms=latency_ms, cached=True)

    def warm_up(self) -> None:
        """Load the newest model and its embedder before anybody waits for them."""
        try:
            version = self._versions.resolve(None)
        except ModelError:
            return
        model = self.model(version)
        if isinstance(model, LoadedModel):
            self._embedders.for_identity(model.card.embedder, version).warm_up()
        else:
            model.warm_up()

    def model(self, version: str) -> "LoadedModel | LoadedSequence":
        """The loaded version. Raises ModelError if it is missing or damaged, EmbeddingError if its embedder is away."""
        model = self._models.get(version)
        if model is None:
            with self._loading:
                model = self._models.get(version) or self._load(version)
                self._models[version] = model
                while len(self._models) > MODELS_IN_MEMORY:
                    self._models.popitem(last=False)
        return model

    def clear_cache(self) -> None:
        self._cache.clear()
        for model in list(self._models.values()):
            if not isinstance(model, LoadedModel):
                model.tree.clear()

    def cache_stats(self) -> CacheStats:
        return self._cache.stats()

    def _compute(
        self,
        version: str,
        request: PredictionRequest,
        clock: LatencyClock,
        key: bytes,
        cancelled: Callable[[], bool],
    ) -> Prediction:
        # An equal request may have ended between our look into the cache and our turn.
        if (kept := self._cache.peek(key)) is not None:
            return kept
        model = self.model(version)
        clock.lap("model load")
        if isinstance(model, LoadedModel):
            prediction = self._with_deepcodenet(model, request, clock)
        else:
            prediction = model.answer(request, clock, cancelled)
            if cancelled():
                return prediction
        self._cache.put(key, prediction)
        return prediction

    def _with_deepcodenet(self, model: LoadedModel, request: PredictionRequest, clock: LatencyClock) -> Prediction:
        if request.suffix:
            raise RequestError("DeepCodeNet sees nothing behind the cursor. Leave suffix out, or use a sequence model.")
        if request.temperature > 0:
            raise RequestError("DeepCodeNet weighs beams and draws no samples. Leave temperature out, or at 0.")
        text = compose(request.prompt, request.context)
        language = request.language or model.card.config.language
        first: list[NDArray[np.float32]] = []

        def step(completions: Sequence[str]) -> NDArray[np.float32]:
            clock.lap("decode")
            features = model.pipeline.transform_timed([text + done for done in completions], language, clock)
            if not first:
                first.append(features[0])
            result = model.network.log_probabilities(features)
            clock.lap("forward")
            return result

        beams = beam_search(step, model.vocabulary, request.beams, request.max_tokens, request.stop)
        candidates = tuple(Candidate(beam.text, float(np.exp(beam.score)), beam.tokens) for beam in beams)
        first[0].setflags(write=False)
        best = candidates[0] if candidates else Candidate("", 0.0)
        clock.lap("decode")
        return Prediction(
            best.text, best.confidence, lambda: first[0], candidates, _in_order(clock.milliseconds()), False,
            model.card.version,
        )  # fmt: skip

    def _load(self, version: str) -> "LoadedModel | LoadedSequence":
        folder = self._versions.folder(version)
        if load_card(folder).is_sequence:
            from dlcodegen_core.inference.sequence_answers import LoadedSequence

            return LoadedSequence(*load_sequence(folder), self._embedders)
        card, network = load_forward_pass(folder)
        embedder = self._embedders.for_identity(card.embedder, version)
        return LoadedModel(card, network, card.vocabulary, FeaturePipeline(card.keywords, embedder))


def _in_order(latency_ms: dict[str, float]) -> dict[str, float]:
    """The stages as a request passes them, however often decoding went back and forth between them."""
    return {stage: latency_ms[stage] for stage in STAGES if stage in latency_ms}


def _key(version: str, request: PredictionRequest) -> bytes:
    """A digest of everything that changes the answer."""
    options = (version, *astuple(request))
    return hashlib.blake2b(repr(options).encode("utf-8", "surrogatepass"), digest_size=20).digest()
