"""Where answers are kept for the next time: in the memory of this process, or in a Redis that processes share.

Both keep the last 500 for 30 minutes, by the same keys, and count alike. A key is a digest of everything that changes
the answer; making it is the predictor's work. While Redis is away, memory takes over.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.errors import StorageError
from dlcodegen_core.inference.prediction import Prediction
from dlcodegen_core.inference.prediction_bytes import from_bytes, to_bytes
from dlcodegen_core.storage.circuit_breaker import CircuitBreaker
from dlcodegen_core.storage.memory_cache import CacheStats, MemoryCache
from dlcodegen_core.storage.redis_cache import RedisCache, RedisLimits

logger = logging.getLogger(__name__)

CACHED_PREDICTIONS = 500
CACHE_SECONDS = 30 * 60
# What the keys in Redis begin with. The number changes when the scripts or the bytes do, so that two versions of this
# program never read each other's.
REDIS_NAME = "dlcodegen:predictions:1"
REST_SECONDS = 5.0

LateFeatures = Callable[[], NDArray[np.float32]]
Answer = TypeVar("Answer")


class PredictionCache(Protocol):
    """Thread-safe. No method ever fails: a cache that cannot answer has nothing, and says so as its problem."""

    @property
    def where(self) -> str:
        """Where the entries are, in words, without a password."""

    def get(self, key: bytes, version: str, late_features: LateFeatures) -> Prediction | None:
        """What this version answered under `key`, or None; counts a hit or a miss.

        late_features: computes the features of an entry that was kept without them, when they are first looked at.
        """

    def peek(self, key: bytes, version: str, late_features: LateFeatures) -> Prediction | None:
        """The same without counting, for a second look."""

    def put(self, key: bytes, version: str, prediction: Prediction) -> None:
        """Keep an answer, pushing out the least recently used one if there are too many."""

    def forget(self, version: str) -> None:
        """Drop all answers of a version."""

    def clear(self) -> None:
        """Drop everything; the counters go on."""

    def stats(self) -> CacheStats:
        """How full it is and how often it had the answer."""

    def problem(self) -> str:
        """What is wrong with it, for how long, and what to do; empty while all is well."""

    def close(self) -> None:
        """Let go of connections."""


def open_prediction_cache(redis_url: str = "") -> PredictionCache:
    """The cache in Redis if there is a URL, else the one in memory. Asks nobody yet. Raises ConfigError."""
    if not redis_url:
        return MemoryPredictionCache()
    limits = RedisLimits(CACHED_PREDICTIONS, CACHE_SECONDS)
    return RedisPredictionCache(RedisCache(redis_url, REDIS_NAME, limits), MemoryPredictionCache())


class MemoryPredictionCache:
    """In the memory of this process, gone with it."""

    where = "the memory of this process"

    def __init__(
        self,
        max_entries: int = CACHED_PREDICTIONS,
        ttl_seconds: float = CACHE_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._entries: MemoryCache[Prediction] = MemoryCache(max_entries, ttl_seconds, now=now)

    def get(self, key: bytes, version: str, late_features: LateFeatures) -> Prediction | None:
        return self._entries.get((version, key))

    def peek(self, key: bytes, version: str, late_features: LateFeatures) -> Prediction | None:
        return self._entries.peek((version, key))

    def put(self, key: bytes, version: str, prediction: Prediction) -> None:
        self._entries.put((version, key), prediction)

    def forget(self, version: str) -> None:
        self._entries.forget(lambda entry: entry[0] == version)

    def clear(self) -> None:
        self._entries.clear()

    def stats(self) -> CacheStats:
        return self._entries.stats()

    def problem(self) -> str:
        return ""

    def close(self) -> None:
        """Nothing is open."""


class RedisPredictionCache:
    """In Redis, shared by all processes that name it; in `spare` while Redis is away.

    After a failure Redis is left alone for `rest_seconds`, so a dead one costs one wait in that time. What was to be
    dropped meanwhile is dropped once it is back, before anything is read.
    """

    def __init__(
        self,
        shared: RedisCache,
        spare: MemoryPredictionCache,
        rest_seconds: float = REST_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shared = shared
        self._spare = spare
        self._breaker = CircuitBreaker(rest_seconds, now)
        self._owed: dict[str | None, None] = {}  # the versions still to be forgotten, in order; None stands for all
        self._settling = threading.Lock()

    @property
    def where(self) -> str:
        return self._spare.where if self._breaker.why else self._shared.where

    def get(self, key: bytes, version: str, late_features: LateFeatures) -> Prediction | None:
        return self._ask(
            lambda: self._read(self._shared.get(version, key), key, version, late_features),
            lambda: self._spare.get(key, version, late_features),
        )

    def peek(self, key: bytes, version: str, late_features: LateFeatures) -> Prediction | None:
        # what is no prediction is left to the next `get`, which counts
        return self._ask(
            lambda: from_bytes(self._shared.peek(version, key) or b"", version, late_features),
            lambda: self._spare.peek(key, version, late_features),
        )

    def put(self, key: bytes, version: str, prediction: Prediction) -> None:
        self._ask(
            lambda: self._shared.put(version, key, to_bytes(prediction)),
            lambda: self._spare.put(key, version, prediction),
        )

    def forget(self, version: str) -> None:
        self._spare.forget(version)
        self._drop(version)

    def clear(self) -> None:
        self._spare.clear()
        self._drop(None)

    def stats(self) -> CacheStats:
        return self._ask(self._shared.stats, self._spare.stats)

    def problem(self) -> str:
        if not (why := self._breaker.why):
            return ""
        return f"For {_duration(self._breaker.failing_seconds)} predictions have been kept by each process alone. {why}"

    def close(self) -> None:
        self._shared.close()

    def _read(self, content: bytes | None, key: bytes, version: str, late_features: LateFeatures) -> Prediction | None:
        if content is None:
            return None
        prediction = from_bytes(content, version, late_features)
        if prediction is None:
            self._shared.reject(version, key)
        return prediction

    def _drop(self, version: str | None) -> None:
        self._owed[version] = None
        self._ask(lambda: None, lambda: None)

    def _ask(self, shared: Callable[[], Answer], spare: Callable[[], Answer]) -> Answer:
        """What Redis answers, or the spare cache while it does not."""
        if not self._breaker.may_ask():
            return spare()
        try:
            self._settle()
            answer = shared()
        except StorageError as exc:
            if self._breaker.failed(str(exc)):
                logger.warning("%s Until then each process keeps its own predictions.", exc)
            return spare()
        if self._breaker.succeeded():
            logger.info("%s is used again.", self._shared.where)
        return answer

    def _settle(self) -> None:
        """Drop in Redis what could not be dropped when it was wanted."""
        if not self._owed:
            return
        with self._settling:
            for version in list(self._owed):
                self._owed.pop(version, None)
                try:
                    self._shared.clear() if version is None else self._shared.forget(version)
                except StorageError:
                    self._owed[version] = None
                    raise


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds // 60:.0f} min"
