"""Leaves a service alone for a while after it has failed, so that its absence costs one wait now and then.

Every request would wait for it otherwise. Knows nothing of what the service is.
"""

import threading
import time
from collections.abc import Callable


class CircuitBreaker:
    """Closed while all is well; open from the first failure until the next success. Thread-safe."""

    def __init__(self, rest_seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        """rest_seconds: how long the service is left alone after a failure, and after each further try."""
        self._rest_seconds = rest_seconds
        self._now = now
        self._lock = threading.Lock()
        self._why = ""
        self._since = 0.0
        self._next_try = 0.0

    def may_ask(self) -> bool:
        """Whether to ask the service now. While it is failing, one caller may after each rest."""
        if not self._why:  # read without the lock: the way of every request while all is well
            return True
        with self._lock:
            if self._why and self._now() < self._next_try:
                return False
            self._next_try = self._now() + self._rest_seconds
            return True

    def succeeded(self) -> bool:
        """Note that the service has answered; True if it was failing before."""
        if not self._why:
            return False
        with self._lock:
            recovered, self._why = bool(self._why), ""
            return recovered

    def failed(self, why: str) -> bool:
        """Note that it has failed, and why; True if it was well before."""
        with self._lock:
            first, self._why = not self._why, why
            if first:
                self._since = self._now()
            self._next_try = self._now() + self._rest_seconds
            return first

    @property
    def why(self) -> str:
        """Why it failed the last time, empty while all is well."""
        return self._why

    @property
    def failing_seconds(self) -> float:
        """For how long it has been failing, 0 while all is well."""
        with self._lock:
            return self._now() - self._since if self._why else 0.0
