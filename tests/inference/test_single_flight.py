"""Equal work at the same time is done once."""

import threading
import time

import pytest

from dlcodegen_core.inference.single_flight import SingleFlight


def test_equal_keys_at_once_are_computed_once():
    flights, begun, go_on, computed, results = SingleFlight(), threading.Event(), threading.Event(), [], []

    def compute():
        computed.append(1)
        begun.set()
        go_on.wait(10)
        return "answer"

    first = threading.Thread(target=lambda: results.append(flights.run("k", compute)))
    first.start()
    begun.wait(10)
    # The flight is under way and cannot land before the others have joined it.
    waiting = flights._flights["k"]
    others = [threading.Thread(target=lambda: results.append(flights.run("k", compute))) for _ in range(4)]
    for thread in others:
        thread.start()
    deadline = time.monotonic() + 10
    while len(waiting._condition._waiters) < 4 and time.monotonic() < deadline:
        time.sleep(0.001)
    go_on.set()
    for thread in (first, *others):
        thread.join(10)
    assert computed == [1]
    assert [answer for answer, _shared in results] == ["answer"] * 5
    assert sorted(shared for _answer, shared in results) == [False, True, True, True, True]


def test_an_error_reaches_everybody_and_is_not_remembered():
    flights = SingleFlight()

    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        flights.run("k", fail)
    assert flights.run("k", lambda: 1) == (1, False)


def test_other_keys_do_not_wait():
    flights = SingleFlight()
    assert flights.run("a", lambda: flights.run("b", lambda: 2)) == ((2, False), False)
