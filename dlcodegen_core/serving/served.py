"""The latest completions that were served, by id: so that an event that comes later can name its prompt.

In the memory of one process. With several workers an id of another one is not known here, which is told and no error.
"""

import threading
from dataclasses import dataclass

from dlcodegen_core.features.pipeline import compose
from dlcodegen_core.features.request_text import MAX_TEXT_CHARACTERS
from dlcodegen_core.inference.prediction import Prediction, PredictionRequest
from dlcodegen_core.storage.memory_cache import MemoryCache

MEMORY_CHARACTERS = 16_000_000  # some thousand completions of a few thousand characters each
LIFE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class ServedCompletion:
    """A completion and its question. texts: the choices, in the order in which they were offered."""

    prompt: str
    texts: tuple[str, ...]
    version: str
    arm: str
    user: str
    latency_ms: float
    taught_by: int | None

    @classmethod
    def of(
        cls, request: PredictionRequest, prediction: Prediction, texts: tuple[str, ...], user: str
    ) -> "ServedCompletion":
        text = compose(request.prompt, request.context)[-MAX_TEXT_CHARACTERS:]
        return cls(text, texts, prediction.version, prediction.arm, user, prediction.total_ms, prediction.taught_by)

    @property
    def characters(self) -> int:
        return len(self.prompt) + sum(map(len, self.texts)) + 200


class ServedCompletions:
    """Thread-safe. unknown: how many events named an id that is not known here."""

    def __init__(self, memory: MemoryCache[ServedCompletion] | None = None) -> None:
        self._memory = memory or MemoryCache(MEMORY_CHARACTERS, LIFE_SECONDS, weigh=lambda served: served.characters)
        self._lock = threading.Lock()
        self._told: MemoryCache[bool] = MemoryCache(10_000, LIFE_SECONDS)
        self.unknown = 0

    def remember(self, completion_id: str, served: ServedCompletion) -> None:
        self._memory.put(completion_id, served)

    def find(self, completion_id: str) -> ServedCompletion | None:
        """The completion of an id; one that is not known is counted."""
        served = self._memory.get(completion_id)
        if served is None:
            with self._lock:
                self.unknown += 1
        return served

    def first_time(self, completion_id: str, choice: int) -> bool:
        """Whether nothing was said of a choice yet. It is taken as said from now on: clients repeat themselves."""
        with self._lock:
            known = self._told.peek((completion_id, choice)) is not None
            self._told.put((completion_id, choice), True)
        return not known


served_completions = ServedCompletions()  # of this process
