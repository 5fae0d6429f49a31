"""The bucket of tokens, on a clock that is turned by hand."""

from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.serving.rate_limit import BURST_SECONDS, RateLimit


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_client_may_ask_a_few_times_at_once_and_then_at_the_rate() -> None:
    clock = Clock()
    limit = RateLimit(60, clock)
    assert [limit.take("a") for _ in range(10)] == [0.0] * 10
    assert limit.take("a") == 1.0
    clock.seconds = 0.75
    assert limit.take("a") == 0.25
    clock.seconds = 1.0
    assert limit.take("a") == 0.0
    assert limit.take("a") == 1.0


def test_clients_have_buckets_of_their_own() -> None:
    limit = RateLimit(6, Clock())
    assert limit.take("a") == 0.0
    assert limit.take("a") > 0
    assert limit.take("b") == 0.0


def test_only_so_many_clients_are_remembered_the_most_recent_ones() -> None:
    limit = RateLimit(6, Clock(), clients=2)
    for client in "abc":
        assert limit.take(client) == 0.0
    assert limit.take("c") > 0
    assert limit.take("a") == 0.0


@given(st.lists(st.floats(0, 30), max_size=200), st.integers(1, 600))
def test_over_any_time_nobody_exceeds_the_rate_by_more_than_what_was_saved_up(pauses: list[float], rate: int) -> None:
    clock = Clock()
    limit = RateLimit(rate, clock)
    served = 0
    for pause in pauses:
        clock.seconds += pause
        served += limit.take("a") == 0.0
    assert served <= max(1, rate / 60 * BURST_SECONDS) + rate / 60 * clock.seconds + 1e-6
