"""One stopwatch for every request: each stretch of time belongs to exactly one named stage.

A lap gives the time since the previous lap to a stage, so the stages always add up to the total.
"""

import time
from collections.abc import Callable


class LatencyClock:
    """Attribute elapsed time to stages, in the order they were first met."""

    __slots__ = ("_last", "_now", "_stages")

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._stages: dict[str, float] = {}
        self._last = now()

    def lap(self, stage: str) -> None:
        """Give the seconds since the last lap (or the start) to `stage`."""
        moment = self._now()
        self._stages[stage] = self._stages.get(stage, 0.0) + moment - self._last
        self._last = moment

    def milliseconds(self) -> dict[str, float]:
        """Stage -> milliseconds so far."""
        return {stage: seconds * 1000 for stage, seconds in self._stages.items()}
