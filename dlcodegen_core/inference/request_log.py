"""The latest answers and what their stages took, for the Performance page, the log and whoever listens.

Keeps no text itself; `live`, which knows of whole requests, does where a person wishes.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dlcodegen_core.inference.live_requests import LiveRequests

logger = logging.getLogger("dlcodegen_core.performance")

STAGES = (
    "cache look-up",
    "model load",
    "embedding",
    "keywords",
    "AST",
    "syntax",
    "forward",
    "reading",
    "decode",
    "parsing",
    "corrections",
)
REQUESTS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One answered request. at: seconds since 1970."""

    at: float
    latency_ms: Mapping[str, float]
    cached: bool
    version: str
    confidence: float
    tokens: int = 0

    @property
    def total_ms(self) -> float:
        return sum(self.latency_ms.values())


@dataclass(frozen=True, slots=True)
class StageSummary:
    """A stage over recent requests: how many passed it, median and 95th percentile in milliseconds."""

    stage: str
    requests: int
    p50_ms: float
    p95_ms: float


class RequestLog:
    """Remembers the last 1,000 requests; thread-safe.

    listeners: called with each record, in the thread that answered; they must be quick. live: the requests as wholes.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._records: deque[RequestRecord] = deque(maxlen=REQUESTS_KEPT)
        self.listeners: list[Callable[[RequestRecord], None]] = []
        self.live = LiveRequests(now)

    def add(
        self,
        latency_ms: Mapping[str, float],
        cached: bool,
        version: str,
        confidence: float,
        tokens: int = 0,
        prompt: str = "",
        reply: str = "",
    ) -> None:
        """Keep a request and, where INFO is logged, write its [DL-Performance] block. The texts are for `live`."""
        record = RequestRecord(self._now(), latency_ms, cached, version, confidence, tokens)
        with self._lock:
            self._records.append(record)
        self.live.note_answer(version, cached, tokens, latency_ms, prompt, reply)
        for listener in self.listeners:
            listener(record)
        if logger.isEnabledFor(logging.INFO):
            logger.info("%s", _block(record))

    def records(self) -> list[RequestRecord]:
        """Oldest first."""
        with self._lock:
            return list(self._records)

    def summaries(self) -> list[StageSummary]:
        """The stages in their order, then the totals of computed and of cached answers; none that nobody passed."""
        records = self.records()
        rows = [(stage, [r.latency_ms[stage] for r in records if stage in r.latency_ms]) for stage in STAGES]
        rows.append(("total, computed", [r.total_ms for r in records if not r.cached]))
        rows.append(("total, from the cache", [r.total_ms for r in records if r.cached]))
        return [_summary(stage, values) for stage, values in rows if values]

    def clear(self) -> None:
        with self._lock:
            self._records.clear()


def _summary(stage: str, values: Sequence[float]) -> StageSummary:
    p50, p95 = np.percentile(values, (50, 95))
    return StageSummary(stage, len(values), float(p50), float(p95))


def _block(record: RequestRecord) -> str:
    lines = [
        f"[DL-Performance] Cache {'HIT' if record.cached else 'MISS'}, version {record.version}",
        *(f"  - {stage}: {milliseconds:.3f} ms" for stage, milliseconds in record.latency_ms.items()),
        f"  - total: {record.total_ms:.3f} ms",
        f"  - confidence: {record.confidence:.1%}",
    ]
    return "\n".join(lines)
