"""A sequence model ready to answer: searches, ranks by syntax, and remembers what it read and offered."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import astuple, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.features.embedders import Embedders
from dlcodegen_core.features.language import detect
from dlcodegen_core.features.pipeline import FeaturePipeline, compose
from dlcodegen_core.inference.completion_tree import Branch, CompletionTree
from dlcodegen_core.inference.line_syntax import is_sound
from dlcodegen_core.inference.prediction import Candidate, Prediction, PredictionRequest
from dlcodegen_core.latency import LatencyClock
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.models.sequence.calibration import Calibration
from dlcodegen_core.models.sequence.line_ranker import rank_lines, repeats_line_before
from dlcodegen_core.models.sequence.line_search import Hypothesis, SearchOptions, search
from dlcodegen_core.models.sequence.network_pass import Reading
from dlcodegen_core.models.sequence.sequence_model import SequenceModel
from dlcodegen_core.models.sequence.settled_text import SettledText
from dlcodegen_core.threads import one_blas_thread

READINGS_KEPT = 8
LENGTH_PENALTY = 0.5  # of what is not a line, if none was asked for


class LoadedSequence:
    """Thread-safe."""

    def __init__(self, card: ModelCard, model: SequenceModel, calibration: Calibration, embedders: Embedders) -> None:
        self.card = card
        self.model = model
        self.calibration = calibration
        self.tree = CompletionTree()
        self._embedders = embedders
        self._readings: deque[Reading] = deque(maxlen=READINGS_KEPT)
        self._lock = threading.Lock()
        one_blas_thread()

    def warm_up(self) -> None:
        """Answer once, so that nobody waits for what is made at the first request."""
        search(self.model, "def f(x):\n    ", SearchOptions(max_tokens=2, stop=("\n",)))

    def along(self, request: PredictionRequest) -> Prediction | None:
        """What is left of an earlier offer that the prompt types along; None if there is none. Computes nothing."""
        branches = self.tree.find(_options(request), compose(request.prompt, request.context))
        return self._prediction(request, branches, LatencyClock(), True) if branches else None

    def answer(
        self,
        request: PredictionRequest,
        clock: LatencyClock,
        cancelled: Callable[[], bool] = lambda: False,
        tell: Callable[[str], None] | None = None,
    ) -> Prediction:
        """Complete the request, along an earlier offer where the prompt types along one.

        tell: hears how much of the completion is settled, each time that it has grown.
        """
        text = compose(request.prompt, request.context)
        options = _options(request)
        branches = self.tree.find(options, text)
        clock.lap("cache look-up")
        from_tree = bool(branches)
        if not from_tree:
            branches = self._search(request, text, clock, cancelled, tell)
            if not cancelled():
                self.tree.put(options, text, branches)
        return self._prediction(request, branches, clock, from_tree)

    def _prediction(
        self, request: PredictionRequest, branches: list[Branch], clock: LatencyClock, from_tree: bool
    ) -> Prediction:
        candidates = tuple(
            Candidate(branch.text, self.calibration.confidence(branch.log_probability), branch.pieces)
            for branch in branches
        )
        best = candidates[0] if candidates else Candidate("", 0.0)
        clock.lap("decode" if not from_tree else "cache look-up")
        return Prediction(
            best.text,
            best.confidence,
            cache(lambda: self.features(request)),
            candidates,
            clock.milliseconds(),
            from_tree,
            self.card.version,
        )

    def _search(
        self,
        request: PredictionRequest,
        text: str,
        clock: LatencyClock,
        cancelled: Callable[[], bool],
        tell: Callable[[str], None] | None,
    ) -> list[Branch]:
        options = SearchOptions(
            request.max_tokens,
            request.beams,
            request.stop,
            request.temperature,
            request.top_k,
            request.top_p,
            LENGTH_PENALTY if request.length_penalty is None else request.length_penalty,
            request.seed,
        )
        with self._lock:
            readings = tuple(self._readings)
        on_step = None if tell is None else SettledText(options, tell)
        on_read = lambda: clock.lap("reading")  # noqa: E731
        found = search(self.model, text, options, readings, cancelled, on_read, request.suffix, on_step)
        with self._lock:
            self._readings.append(found.reading)
        clock.lap("decode")
        language = request.language or detect(text)
        ranked = list(found.hypotheses)
        line_only = "\n" in request.stop
        if line_only and request.temperature == 0 and request.length_penalty is None:
            ranked = rank_lines(ranked)
        ranked = ranked[: request.beams]
        # The sort is stable: among sound lines, and among broken ones, the order stays.
        ranked.sort(
            key=lambda hypothesis: (
                line_only and repeats_line_before(text, hypothesis.text),
                not is_sound(text, hypothesis.text, language),
            )
        )
        clock.lap("parsing")
        return [_branch(hypothesis) for hypothesis in ranked]

    def features(self, request: PredictionRequest) -> NDArray[np.float32]:
        """The 544 features of the prompt, with the embedder at hand; this model itself does not look at them."""
        pipeline = FeaturePipeline(self.card.keywords, self._embedders.for_training())
        features = pipeline.transform([compose(request.prompt, request.context)], [request.language])[0]
        features.setflags(write=False)
        return features


def _options(request: PredictionRequest) -> tuple[object, ...]:
    """All that changes an answer but the text before the cursor."""
    return astuple(replace(request, prompt="-", context=()))


def _branch(hypothesis: Hypothesis) -> Branch:
    """Pieces as text. Bytes of one character in two tokens come out with the piece that completes it."""
    pieces, done, before = [], b"", ""
    for piece in hypothesis.pieces:
        done += piece
        text = done.decode("utf-8", "ignore")
        pieces.append(text[len(before) :])
        before = text
    return Branch(tuple(pieces), hypothesis.log_probabilities)
