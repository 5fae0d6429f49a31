"""The queue before the decoders: bounded, persons before batches, and whoever leaves frees the place."""

import threading
from collections.abc import Callable, Iterator

import pytest

from dlcodegen_core.serving.decode_queue import PATIENT_TURN, Busy, DecodeQueue, Seat

PATIENCE_SECONDS = 10


class Held:
    """Work that goes on until it is let go, or told to stop."""

    def __init__(self) -> None:
        self.began, self.go_on = threading.Event(), threading.Event()
        self.stopped = False

    def __call__(self, gone: Callable[[], bool]) -> str:
        self.began.set()
        while not self.go_on.wait(0.001):
            if gone():
                self.stopped = True
                break
        return "held"


@pytest.fixture
def queue() -> Iterator[DecodeQueue]:
    queue = DecodeQueue(decoders=1, places=3, patient_places=20)
    yield queue
    queue.close()


@pytest.fixture
def held(queue: DecodeQueue) -> Iterator[Held]:
    """The one decoder is busy."""
    held = Held()
    queue.join(held)
    assert held.began.wait(PATIENCE_SECONDS)
    yield held
    held.go_on.set()


def test_what_is_done_comes_out(queue: DecodeQueue) -> None:
    assert queue.join(lambda gone: gone()).outcome.result(PATIENCE_SECONDS) is False


def test_an_error_comes_out_and_the_next_one_is_decoded(queue: DecodeQueue) -> None:
    failed: Seat[float] = queue.join(lambda gone: 1 / 0)
    assert isinstance(failed.outcome.exception(PATIENCE_SECONDS), ZeroDivisionError)
    assert queue.join(lambda gone: 1).outcome.result(PATIENCE_SECONDS) == 1


def test_a_full_queue_says_when_to_ask_again(queue: DecodeQueue, held: Held) -> None:
    for _ in range(3):
        queue.join(lambda gone: None)
    with pytest.raises(Busy, match="3 completions are waiting already") as refused:
        queue.join(lambda gone: None)
    assert 1 <= refused.value.retry_after_seconds <= 30
    assert queue.waiting == 3 and queue.at_work == 1


def test_a_batch_may_still_wait_in_a_full_queue(queue: DecodeQueue, held: Held) -> None:
    for _ in range(3):
        queue.join(lambda gone: None)
    assert not queue.join(lambda gone: None, patient=True).outcome.done()


def test_a_batch_that_came_first_waits_behind_persons_but_not_for_ever(queue: DecodeQueue, held: Held) -> None:
    order: list[str] = []
    seats = [queue.join(lambda gone, name=f"batch {i}": order.append(name), patient=True) for i in range(2)]
    seats += [queue.join(lambda gone, name=f"person {i}": order.append(name)) for i in range(3)]
    held.go_on.set()
    for seat in seats:
        seat.outcome.result(PATIENCE_SECONDS)
    assert order[0] == "person 0" and order[-1] == "batch 1"
    assert "batch 0" in order[:PATIENT_TURN]


def test_whoever_leaves_frees_the_place(queue: DecodeQueue, held: Held) -> None:
    seats = [queue.join(lambda gone: None) for _ in range(3)]
    queue.leave(seats[1])
    assert queue.waiting == 2 and seats[1].outcome.cancelled()
    queue.join(lambda gone: None)


def test_whoever_is_being_decoded_and_leaves_is_stopped(queue: DecodeQueue) -> None:
    held = Held()
    seat = queue.join(held)
    assert held.began.wait(PATIENCE_SECONDS)
    queue.leave(seat)
    assert seat.outcome.result(PATIENCE_SECONDS) == "held" and held.stopped
    assert queue.join(lambda gone: "next").outcome.result(PATIENCE_SECONDS) == "next"


def test_a_closed_queue_lets_everybody_go(queue: DecodeQueue, held: Held) -> None:
    waiting = queue.join(lambda gone: None)
    queue.close()
    assert waiting.outcome.cancelled()
    with pytest.raises(Busy):
        queue.join(lambda gone: None)
