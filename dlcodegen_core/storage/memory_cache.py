"""The one in-memory cache: least recently used goes first, entries may age, and everything is counted.

Serves predictions (by number of entries, with a life time) and embeddings (by bytes, ageless).
"""

import math
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cachetools import TTLCache

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class CacheStats:
    """Counters since the start of the cache; sizes are in the cache's own unit, entries or bytes."""

    size: float
    max_size: float
    entries: int
    hits: int
    misses: int
    evictions: int

    @property
    def hit_rate(self) -> float | None:
        """Share of look-ups that were answered, or None before the first one."""
        looked_up = self.hits + self.misses
        return self.hits / looked_up if looked_up else None


class _CountingTTLCache(TTLCache):
    """Counts what is pushed out for want of room; what merely grew old is not an eviction."""

    evictions = 0

    def popitem(self) -> tuple[Hashable, object]:
        self.evictions += 1
        return super().popitem()


class MemoryCache(Generic[Value]):
    """A thread-safe LRU cache of at most `max_size`, whose entries live `ttl_seconds`.

    weigh: size of one value in the unit of `max_size`; None counts entries. A value larger than the whole
    cache is simply not kept.
    """

    def __init__(
        self,
        max_size: float,
        ttl_seconds: float = math.inf,
        weigh: Callable[[Value], float] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._entries = _CountingTTLCache(max_size, ttl_seconds, timer=now, getsizeof=weigh)
        self._lock = threading.Lock()
        self._hits = 0
        self._misses = 0

    def get(self, key: Hashable) -> Value | None:
        """The value kept under `key`, or None; counts a hit or a miss."""
        with self._lock:
            value: Value | None = self._entries.get(key)
            if value is None:
                self._misses += 1
            else:
                self._hits += 1
            return value

    def peek(self, key: Hashable) -> Value | None:
        """The same without counting, for a second look."""
        with self._lock:
            value: Value | None = self._entries.get(key)
            return value

    def put(self, key: Hashable, value: Value) -> None:
        """Keep `value`, pushing out the least recently used entries until it fits."""
        with self._lock:
            if self._entries.getsizeof(value) <= self._entries.maxsize:
                self._entries[key] = value

    def forget(self, chosen: Callable[[Any], bool]) -> None:
        """Forget the entries whose keys are chosen; the counters go on."""
        with self._lock:
            for key in [key for key in self._entries if chosen(key)]:
                self._entries.pop(key, None)  # it may have grown too old meanwhile

    def clear(self) -> None:
        """Forget all entries; the counters go on."""
        with self._lock:
            evictions = self._entries.evictions
            self._entries.clear()
            self._entries.evictions = evictions

    def stats(self) -> CacheStats:
        with self._lock:
            self._entries.expire()
            return CacheStats(
                size=self._entries.currsize,
                max_size=self._entries.maxsize,
                entries=len(self._entries),
                hits=self._hits,
                misses=self._misses,
                evictions=self._entries.evictions,
            )
