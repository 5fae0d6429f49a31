"""Who is decoded next: a bounded queue before a few threads that decode.

A person who waits goes before a batch that can wait, but every few turns the batch has one too. Whoever leaves frees
the place in the queue, or has the decoder stop between two tokens. Knows nothing of HTTP and of models.
"""

import logging
import math
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import Generic, TypeVar

from dlcodegen_core.errors import WorkbenchError
from dlcodegen_core.latency import LatencyClock

logger = logging.getLogger(__name__)

# One thread decodes at a time. Most of a step is Python between small matrix products, so a second one waits for the
# interpreter: it was measured to give no more completions a second, and a longer longest wait.
DECODERS = 1
PLACES = 64
PATIENT_PLACES = 512
PATIENT_TURN = 4  # of so many turns in a row, one is a batch's
FIRST_GUESS_SECONDS = 0.05
WEIGHT_OF_THE_LATEST = 0.1
LONGEST_RETRY_SECONDS = 30

Result = TypeVar("Result")
Work = Callable[[Callable[[], bool]], Result]  # given what says whether nobody listens any more


class Busy(WorkbenchError):
    """The queue is full. Ask again after `retry_after_seconds`."""

    def __init__(self, waiting: int, retry_after_seconds: int) -> None:
        super().__init__(
            f"{waiting} completions are waiting already. Ask again in {retry_after_seconds} s, or start more workers."
        )
        self.retry_after_seconds = retry_after_seconds


class Seat(Generic[Result]):
    """A place in the queue, later at a decoder. outcome: what the work gives, or its error."""

    def __init__(self, work: Work[Result], patient: bool) -> None:
        # The thread that decodes belongs to nobody; what it notes is noted on the request that it decodes for.
        context = copy_context()
        self.work: Work[Result] = lambda has_left: context.run(work, has_left)
        self.patient = patient
        self.outcome: Future[Result] = Future()
        self.given_up = False

    def has_left(self) -> bool:
        return self.given_up


class DecodeQueue:
    """Thread-safe. The threads start with the first work and end with the process, or with `close`."""

    def __init__(self, decoders: int = DECODERS, places: int = PLACES, patient_places: int = PATIENT_PLACES) -> None:
        """places, patient_places: how many of each kind may wait."""
        self._decoders = decoders
        self._places = {False: places, True: patient_places}
        self._waiting: dict[bool, deque[Seat]] = {False: deque(), True: deque()}
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._at_work = 0
        self._turns = 0
        self._mean_seconds = FIRST_GUESS_SECONDS
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many wait for a decoder, both kinds."""
        return sum(map(len, self._waiting.values()))

    @property
    def at_work(self) -> int:
        """How many are being decoded."""
        return self._at_work

    def join(self, work: Work[Result], patient: bool = False) -> Seat[Result]:
        """Queue work. patient: it may wait behind others, in a longer queue. Raises Busy if that is full."""
        seat = Seat(work, patient)
        with self._changed:
            queue = self._waiting[patient]
            if len(queue) >= self._places[patient] or self._closed:
                raise Busy(self.waiting, self._retry_after_seconds())
            queue.append(seat)
            if len(self._threads) < self._decoders:
                name = f"decoder-{len(self._threads)}"
                self._threads.append(threading.Thread(target=self._decode, name=name, daemon=True))
                self._threads[-1].start()
            self._changed.notify()
        return seat

    def leave(self, seat: Seat) -> None:
        """Nobody wants it any more: it leaves the queue, or its decoder stops. Of what is over, nothing."""
        seat.given_up = True
        with self._changed:
            if seat in self._waiting[seat.patient]:
                self._waiting[seat.patient].remove(seat)
        seat.outcome.cancel()  # no effect once it is being decoded

    def close(self) -> None:
        """Take nothing new, let everybody go, and end the threads after what they are at."""
        with self._changed:
            self._closed = True
            left = [seat for queue in self._waiting.values() for seat in queue]
            self._changed.notify_all()
        for seat in left:
            self.leave(seat)

    def _decode(self) -> None:
        while (seat := self._next()) is not None:
            clock = LatencyClock()
            if seat.outcome.set_running_or_notify_cancel():
                try:
                    seat.outcome.set_result(seat.work(seat.has_left))
                except BaseException as exc:  # it belongs to whoever waits, and the thread goes on
                    seat.outcome.set_exception(exc)
            clock.lap("decode")
            self._note(clock.milliseconds()["decode"] / 1000)

    def _next(self) -> Seat | None:
        with self._changed:
            while not self.waiting and not self._closed:
                self._changed.wait()
            if not self.waiting:
                return None
            self._turns += 1
            patient = not self._waiting[False] or (bool(self._waiting[True]) and self._turns % PATIENT_TURN == 0)
            self._at_work += 1
            return self._waiting[patient].popleft()

    def _note(self, seconds: float) -> None:
        with self._changed:
            self._at_work -= 1
            self._mean_seconds += WEIGHT_OF_THE_LATEST * (seconds - self._mean_seconds)

    def _retry_after_seconds(self) -> int:
        seconds = self._mean_seconds * self.waiting / self._decoders
        return min(LONGEST_RETRY_SECONDS, max(1, math.ceil(seconds)))
