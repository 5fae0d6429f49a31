"""Equal requests at the same time are computed once: the first one works, the others wait for its result."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """Thread-safe; holds a key only as long as its computation runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[Hashable, Future[Result]] = {}

    def run(self, key: Hashable, compute: Callable[[], Result]) -> tuple[Result, bool]:
        """The result of `compute()` and whether somebody else's run gave it. Its exception reaches all who wait."""
        with self._lock:
            flight = self._flights.get(key)
            first = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if not first:
            return flight.result(), True
        try:
            result = compute()
        except BaseException as exc:
            flight.set_exception(exc)
            raise
        else:
            flight.set_result(result)
            return result, False
        finally:
            with self._lock:
                del self._flights[key]
