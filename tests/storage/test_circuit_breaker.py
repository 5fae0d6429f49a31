"""A service that failed is left alone for a while."""

from dlcodegen_core.storage.circuit_breaker import CircuitBreaker


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_a_service_that_is_well_is_always_asked():
    breaker = CircuitBreaker(5, Clock())
    assert all(breaker.may_ask() for _ in range(3))
    assert (breaker.why, breaker.failing_seconds, breaker.succeeded()) == ("", 0.0, False)


def test_after_a_failure_one_caller_asks_after_each_rest():
    clock = Clock()
    breaker = CircuitBreaker(5, clock)
    assert breaker.failed("away")
    asked = []
    for clock.now in range(12):
        asked += [clock.now for _ in range(3) if breaker.may_ask()]
    assert asked == [5, 10]


def test_a_failed_try_begins_another_rest():
    clock = Clock()
    breaker = CircuitBreaker(5, clock)
    breaker.failed("away")
    clock.now = 7
    assert breaker.may_ask() and not breaker.failed("still away")
    clock.now = 11
    assert not breaker.may_ask()
    assert (breaker.why, breaker.failing_seconds) == ("still away", 11)


def test_a_success_ends_it_and_is_told_once():
    clock = Clock()
    breaker = CircuitBreaker(5, clock)
    breaker.failed("away")
    clock.now = 5
    assert breaker.may_ask()
    assert (breaker.succeeded(), breaker.succeeded()) == (True, False)
    assert breaker.may_ask() and breaker.why == "" and breaker.failing_seconds == 0
    assert breaker.failed("again")
