"""How often one client may ask: a bucket of tokens that fills at a steady rate, one token a request.

After Turner's "leaky bucket" as a meter (1986): a client that was silent may ask a few times at once, and over a longer
time nobody exceeds the rate. In the memory of one process: each worker counts for itself.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

CLIENTS_KEPT = 10_000
BURST_SECONDS = 10.0  # what may be saved up


class RateLimit:
    """For one event loop; not thread-safe."""

    def __init__(
        self, per_minute: float, now: Callable[[], float] = time.monotonic, clients: int = CLIENTS_KEPT
    ) -> None:
        self._rate = per_minute / 60
        self._most = max(1.0, self._rate * BURST_SECONDS)
        self._now = now
        self._clients = clients
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, and when there were as many

    def take(self, client: str) -> float:
        """Take a token: 0.0 if there was one, else the seconds until there is one, and nothing is taken."""
        now = self._now()
        tokens, at = self._buckets.pop(client, (self._most, now))
        tokens = min(self._most, tokens + (now - at) * self._rate)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._rate
        self._buckets[client] = (tokens if wait else tokens - 1, now)
        if len(self._buckets) > self._clients:
            self._buckets.popitem(last=False)  # whoever was silent longest, and so has the fullest bucket
        return wait
