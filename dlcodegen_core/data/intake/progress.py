"""Progress told often enough to be watched and to be stopped, but not so often that the telling costs."""

import time
from collections.abc import Callable

SECONDS_BETWEEN = 0.1

Progress = Callable[[int, int], None]


class Heartbeat:
    """Tells a listener (done, total), which may raise to cancel. Total may grow while more is found; done never falls.

    stopped_by: what the listener raised, so that it can be told from an error of ours.
    """

    def __init__(self, listener: Progress | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._listener, self._clock = listener, clock
        self._told_at: float | None = None
        self._done, self._total = 0, 0
        self.stopped_by: BaseException | None = None

    def beat(self, done: int, total: int) -> None:
        """Tell the listener, unless it heard something a moment ago."""
        self._done, self._total = max(done, self._done), total
        if self._listener and (self._told_at is None or self._clock() - self._told_at >= SECONDS_BETWEEN):
            self.tell(done, total)

    def still(self) -> None:
        """Something was done that changes no number."""
        self.beat(self._done, self._total)

    def tell(self, done: int, total: int) -> None:
        """Tell the listener in any case."""
        self._done, self._total = max(done, self._done), total
        if self._listener:
            try:
                self._listener(self._done, total)
            except BaseException as exc:
                self.stopped_by = exc
                raise
            self._told_at = self._clock()
