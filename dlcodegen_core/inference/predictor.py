"""Answers requests: cache look-up, features, network, decoding, each stage on the clock."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.errors import ModelError, RequestError
from dlcodegen_core.features.embedders import Embedders
from dlcodegen_core.features.pipeline import FeaturePipeline, compose
from dlcodegen_core.inference.prediction import Candidate, KnownFeatures, Prediction, PredictionRequest
from dlcodegen_core.inference.prediction_cache import LateFeatures, PredictionCache, open_prediction_cache
from dlcodegen_core.inference.request_log import STAGES
from dlcodegen_core.inference.single_flight import SingleFlight
from dlcodegen_core.inference.version_digests import VersionDigests
from dlcodegen_core.latency import LatencyClock
from dlcodegen_core.models.code_version import code_version
from dlcodegen_core.models.decoding import beam_search
from dlcodegen_core.models.forward_pass import ForwardPass
from dlcodegen_core.models.saved_model import ModelCard, load_card, load_forward_pass, load_sequence
from dlcodegen_core.models.vocabulary import Vocabulary
from dlcodegen_core.registry.versions import VersionStore
from dlcodegen_core.storage.memory_cache import CacheStats
from dlcodegen_core.threads import one_blas_thread

if TYPE_CHECKING:
    from dlcodegen_core.inference.sequence_answers import LoadedSequence

MODELS_IN_MEMORY = 3


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A version ready to answer."""

    card: ModelCard
    network: ForwardPass
    vocabulary: Vocabulary
    pipeline: FeaturePipeline


@dataclass(frozen=True, slots=True)
class _Question:
    """A request to one version, and where its answer is kept."""

    version: str
    request: PredictionRequest
    key: bytes
    late_features: LateFeatures


class Predictor:
    """Thread-safe; models are loaded when they are first asked and the latest few are kept."""

    def __init__(
        self,
        versions: VersionStore,
        embedders: Embedders,
        cache: PredictionCache | None = None,
        *,
        runtime: str = "numpy",
    ) -> None:
        """cache: where answers are kept; in the memory of this process if None.

        runtime: what networks run on, see `Settings`.
        """
        self._versions = versions
        self._embedders = embedders
        self._cache = cache or open_prediction_cache()
        self._digests = VersionDigests(versions)
        self._flights: SingleFlight[tuple[Prediction, bool]] = SingleFlight()  # and whether it is the whole answer
        self._models: OrderedDict[str, tuple[str, LoadedModel | LoadedSequence]] = OrderedDict()  # with their digests
        self._loading = threading.Lock()
        self._runtime = runtime

    def predict(
        self,
        request: PredictionRequest,
        version: str | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        tell: Callable[[str], None] | None = None,
    ) -> Prediction:
        """Complete the request with a version, production if None. Raises ModelError, EmbeddingError or RequestError.

        When `cancelled` answers yes, a sequence model ends with what it has found; that answer is not kept. tell: hears
        how much of the completion is settled, each time that it has grown.
        """
        if request.min_confidence > 0:
            tell = None  # how sure it is, and so whether it is given at all, is known at the end
        # How sure it has to be is asked of the answer, so that one computation serves every threshold.
        return _if_sure(request, self._predict(replace(request, min_confidence=0.0), version, cancelled, tell))

    def kept(self, request: PredictionRequest, version: str | None = None) -> Prediction | None:
        """The answer if it is in the cache, or what is left of an earlier offer; else None. Loads and decodes nothing.

        Raises ModelError or RequestError.
        """
        clock = LatencyClock()
        chosen = self._versions.resolve(version)
        question = self._question(chosen, replace(request, min_confidence=0.0))
        found = self._cache.peek(question.key, chosen, question.late_features)
        if found is not None:
            self._cache.get(question.key, chosen, question.late_features)  # counts it; a miss is counted by `predict`
        else:
            model = self._loaded(chosen, self._digests.of(chosen))
            if model is None or isinstance(model, LoadedModel) or (found := model.along(question.request)) is None:
                return None
            self._cache.put(question.key, chosen, found)
        clock.lap("cache look-up")
        return _if_sure(request, replace(found, latency_ms=clock.milliseconds(), cached=True))

    def _predict(
        self,
        request: PredictionRequest,
        version: str | None,
        cancelled: Callable[[], bool],
        tell: Callable[[str], None] | None,
    ) -> Prediction:
        clock = LatencyClock()
        chosen = self._versions.resolve(version)
        question = self._question(chosen, request)
        kept = self._cache.get(question.key, chosen, question.late_features)
        clock.lap("cache look-up")
        while kept is None:
            (answer, whole), shared = self._flights.run(
                question.key, lambda: self._compute(question, clock, cancelled, tell)
            )
            if not shared:
                return answer
            clock.lap("cache look-up")  # waiting for somebody else's computation, who may have given up half-way
            if whole or cancelled():
                kept = answer
        return replace(kept, latency_ms=clock.milliseconds(), cached=True)

    def warm_up(self) -> None:
        """Reach the cache, and load the newest model and its embedder, before anybody waits for them."""
        self._cache.stats()
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
        digest = self._digests.of(version)
        if (model := self._loaded(version, digest)) is None:
            with self._loading:
                if (model := self._loaded(version, digest)) is None:
                    model = self._load(version)
                    self._models[version] = digest, model
                    while len(self._models) > MODELS_IN_MEMORY:
                        self._models.popitem(last=False)
        return model

    def loaded(self) -> tuple[str, ...]:
        """The versions whose models are in memory."""
        return tuple(self._models)

    def forget(self, version: str) -> None:
        """Let go of a version that is gone: of its model and of all its answers."""
        self._models.pop(version, None)
        self._cache.forget(version)

    def clear_cache(self) -> None:
        """Forget all answers, those that typing is answered from among them."""
        self._cache.clear()
        for _digest, model in list(self._models.values()):
            if not isinstance(model, LoadedModel):
                model.tree.clear()

    def cache_stats(self) -> CacheStats:
        """Of the cache that is in use; one that processes share has counted for all of them."""
        return self._cache.stats()

    def cache_place(self) -> str:
        """Where answers are kept now, in words."""
        return self._cache.where

    def cache_problem(self) -> str:
        """What is wrong with the cache, as the last request found it; empty while all is well. Asks nobody."""
        return self._cache.problem()

    def close(self) -> None:
        """Let go of the cache's connections."""
        self._cache.close()

    def _loaded(self, version: str, digest: str) -> "LoadedModel | LoadedSequence | None":
        """The model in memory, unless the version has been made anew since it was loaded."""
        known, model = self._models.get(version, ("", None))
        return model if known == digest else None

    def _question(self, version: str, request: PredictionRequest) -> _Question:
        """The key is a digest of everything that changes the answer: the code, the version's content, the request."""
        options = (code_version(), self._runtime, version, self._digests.of(version), *astuple(request))
        key = hashlib.blake2b(repr(options).encode("utf-8", "surrogatepass"), digest_size=20).digest()
        return _Question(version, request, key, cache(lambda: self._features(version, request)))

    def _compute(
        self,
        question: _Question,
        clock: LatencyClock,
        cancelled: Callable[[], bool],
        tell: Callable[[str], None] | None,
    ) -> tuple[Prediction, bool]:
        # An equal request may have ended between our look into the cache and our turn.
        if (kept := self._cache.peek(question.key, question.version, question.late_features)) is not None:
            clock.lap("cache look-up")
            return replace(kept, latency_ms=clock.milliseconds(), cached=True), True
        request, model = question.request, self.model(question.version)
        clock.lap("model load")
        if isinstance(model, LoadedModel):
            prediction = self._with_deepcodenet(model, request, clock)
        else:
            prediction = model.answer(request, clock, cancelled, tell)
            if cancelled():
                return prediction, False
        self._cache.put(question.key, question.version, prediction)
        clock.lap("cache look-up")  # keeping it is the cache's time as well
        return replace(prediction, latency_ms=_in_order(clock.milliseconds())), True

    def _features(self, version: str, request: PredictionRequest) -> NDArray[np.float32]:
        """The 544 features of a request whose answer was kept without them."""
        model = self.model(version)
        if not isinstance(model, LoadedModel):
            return model.features(request)
        text, language = compose(request.prompt, request.context), request.language or model.card.config.language
        features = model.pipeline.transform([text], [language])[0]
        features.setflags(write=False)
        return features

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
            best.text, best.confidence, KnownFeatures(first[0]), candidates, _in_order(clock.milliseconds()), False,
            model.card.version,
        )  # fmt: skip

    def _load(self, version: str) -> "LoadedModel | LoadedSequence":
        folder = self._versions.folder(version)
        if load_card(folder).is_sequence:
            from dlcodegen_core.inference.sequence_answers import LoadedSequence

            return LoadedSequence(*load_sequence(folder, self._runtime), self._embedders)
        card, network = load_forward_pass(folder, self._runtime)
        one_blas_thread()
        embedder = self._embedders.for_identity(card.embedder, version)
        return LoadedModel(card, network, card.vocabulary, FeaturePipeline(card.keywords, embedder))


def _if_sure(request: PredictionRequest, prediction: Prediction) -> Prediction:
    """The prediction without its completion if that is less sure than was asked for."""
    if prediction.candidates and prediction.confidence < request.min_confidence:
        return replace(prediction, completion="", abstained=True)
    return prediction


def _in_order(latency_ms: dict[str, float]) -> dict[str, float]:
    """The stages as a request passes them, however often decoding went back and forth between them."""
    return {stage: latency_ms[stage] for stage in STAGES if stage in latency_ms}
