"""From a question to an answer and to what becomes of it: which version answers, what people taught, what they said.

The predictor knows versions and caches; this joins it with A/B tests, corrections and feedback. None of these three
may cost an answer: where their database fails, the answer is given without them.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dlcodegen_core.errors import ExperimentError, ModelError, WorkbenchError
from dlcodegen_core.inference.prediction import Prediction, PredictionRequest
from dlcodegen_core.inference.request_log import RequestLog

if TYPE_CHECKING:
    from dlcodegen_core.experiments import ExperimentStore
    from dlcodegen_core.experiments.records import Chosen
    from dlcodegen_core.feedback.records import Feedback, FeedbackEvent
    from dlcodegen_core.feedback.store import FeedbackStore
    from dlcodegen_core.inference.predictor import Predictor

logger = logging.getLogger(__name__)

SHADOWS_WAITING = 8  # more at once are left out: a shadow must not slow down what people wait for


@dataclass(frozen=True, slots=True)
class Question:
    """A request and the version it was dealt to: once, however often its answer is then looked for.

    version: as it was asked for. chosen: by an A/B test, None outside of one.
    """

    request: PredictionRequest
    version: str | None
    chosen: "Chosen | None"


class Answers:
    """Thread-safe."""

    def __init__(
        self,
        predictor: "Callable[[], Predictor]",
        feedback: "Callable[[], FeedbackStore]",
        experiments: "Callable[[], ExperimentStore]",
        log: RequestLog,
    ) -> None:
        self._predictor = predictor
        self._feedback = feedback
        self._experiments = experiments
        self._log = log
        self._shadows = ThreadPoolExecutor(1, thread_name_prefix="shadow")
        self._shadow_seats = threading.BoundedSemaphore(SHADOWS_WAITING)

    def predict(
        self,
        request: PredictionRequest,
        version: str | None = None,
        user: str = "",
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Prediction:
        """Answer with `version`, or with the one that an A/B test deals to `user`, or with the one in production.

        What was taught for this prompt goes before what the model says. Raises ModelError, EmbeddingError or
        RequestError.
        """
        try:
            return self.answer(self.question(request, version, user), cancelled)
        except WorkbenchError as exc:
            self._log.live.note_failure(str(exc))
            raise

    def question(self, request: PredictionRequest, version: str | None = None, user: str = "") -> Question:
        """A request, and who is to answer it."""
        return Question(request, version, self._choose(user) if version is None else None)

    def kept(self, question: Question) -> Prediction | None:
        """The answer if nothing has to be decoded for it, in well under a millisecond; else None.

        Raises ModelError or RequestError.
        """
        chosen, request = question.chosen, question.request
        try:
            prediction = self._predictor().kept(request, chosen.version if chosen else question.version)
        except ModelError:
            if chosen is None:
                raise
            return None  # `answer` meets the same error, and ends the test
        if prediction is None:
            return None
        if chosen is not None:
            prediction = self._dealt(chosen, request, prediction)
        return self._told(self._with_corrections(prediction, request), request)

    def answer(
        self,
        question: Question,
        cancelled: Callable[[], bool] = lambda: False,
        tell: Callable[[str], None] | None = None,
    ) -> Prediction:
        """The answer, decoded where it must be. After a yes of `cancelled` it is what was found so far.

        tell: hears, as it grows, of the beginning of the completion that is settled already. Raises as `predict` does.
        """
        request, settled = question.request, ""

        def note(text: str) -> None:
            nonlocal settled
            settled = text
            if tell is not None:
                tell(text)

        listener = note if tell is not None and not self._is_taught(request) else None
        if question.chosen is None:
            prediction = self._predictor().predict(request, question.version, cancelled, listener)
        else:
            prediction = self._of_arm(question.chosen, request, cancelled, listener)
        answer = self._with_corrections(prediction, request)
        if not answer.completion.startswith(settled):
            # What was taught in these few milliseconds comes too late for whoever has read another beginning.
            answer = prediction
        return answer if cancelled() else self._told(answer, request)

    def tell(self, feedback: "Feedback") -> "FeedbackEvent":
        """Keep what was said of an answer, learn from it, and count it in the A/B test that the answer belonged to.

        Raises RequestError, DatasetError or StorageError.
        """
        from dlcodegen_core.experiments.from_feedback import outcome_of

        event = self._feedback().record(feedback)
        try:
            if (outcome := outcome_of(event)) is not None:
                self._experiments().record(outcome)
        except ExperimentError as exc:
            # An arm of another home, or of a test that is over, is no reason to lose what was said.
            logger.info("A feedback does not count in an A/B test: %s", exc)
        return event

    def close(self) -> None:
        """Let the shadows go."""
        self._shadows.shutdown(wait=False, cancel_futures=True)

    def _choose(self, user: str) -> "Chosen | None":
        try:
            return self._experiments().choose(user)
        except WorkbenchError as exc:
            logger.warning("No A/B test can be looked up, so production answers: %s", exc)
            return None

    def _of_arm(
        self,
        chosen: "Chosen",
        request: PredictionRequest,
        cancelled: Callable[[], bool],
        tell: Callable[[str], None] | None,
    ) -> Prediction:
        try:
            shown = self._predictor().predict(request, chosen.version, cancelled, tell)
        except ModelError as exc:
            self._experiments().broken(chosen.arm, str(exc))
            return self._predictor().predict(request, None, cancelled, tell)
        return shown if cancelled() else self._dealt(chosen, request, shown)

    def _dealt(self, chosen: "Chosen", request: PredictionRequest, shown: Prediction) -> Prediction:
        """The answer as its arm's, and one more of the shadow, if there is one, unseen."""
        if chosen.shadow and self._shadow_seats.acquire(blocking=False):
            self._shadows.submit(self._in_the_shadow, chosen, request, shown.completion)
        return replace(shown, arm=chosen.arm)

    def _in_the_shadow(self, chosen: "Chosen", request: PredictionRequest, shown: str) -> None:
        """Answer once more with a version that is tried out unseen."""
        from dlcodegen_core.experiments.from_feedback import question_key

        try:
            other = self._predictor().predict(request, chosen.shadow)
            key = question_key(request.prompt, request.context)
            self._experiments().record_shadow(chosen, shown, other.completion, other.total_ms, key)
        except WorkbenchError as exc:
            logger.warning("The shadow %s gave no answer: %s", chosen.shadow, exc)
        finally:
            self._shadow_seats.release()

    def _told(self, answer: Prediction, request: PredictionRequest) -> Prediction:
        tokens = next((len(candidate.tokens) for candidate in answer.candidates), 0)
        self._log.add(
            answer.latency_ms, answer.cached, answer.version, answer.confidence, tokens,
            prompt="\n".join((*request.context, request.prompt)), reply=answer.completion,
        )  # fmt: skip
        return answer

    def _is_taught(self, request: PredictionRequest) -> bool:
        """Whether something may go before what the model says, so that nothing of that is settled."""
        from dlcodegen_core.features.pipeline import compose

        try:
            return self._feedback().memory.find(compose(request.prompt, request.context)) is not None
        except WorkbenchError:
            return False  # `_with_corrections` meets the same error, and logs it

    def _with_corrections(self, prediction: Prediction, request: PredictionRequest) -> Prediction:
        from dlcodegen_core.inference.corrections import overlay

        try:
            return overlay(prediction, request, self._feedback().memory)
        except WorkbenchError as exc:
            logger.warning("What was taught cannot be read, so the model answers alone: %s", exc)
            return prediction
