"""The contract in memory, and Redis that is not there at all. What a real Redis does: tests/services/test_redis.py."""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from dlcodegen_core.errors import ConfigError
from dlcodegen_core.inference.prediction_cache import (
    MemoryPredictionCache,
    RedisPredictionCache,
    open_prediction_cache,
)
from dlcodegen_core.storage.redis_cache import RedisCache, RedisLimits
from tests.inference.contract import CONTRACT, Clock, Workplace, found, key, never, prediction


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def away(clock: Clock) -> RedisPredictionCache:
    """A cache whose Redis is not there."""
    shared = RedisCache(f"redis://ada:secret@127.0.0.1:{_closed_port()}/0", "tests", RedisLimits(3, 100))
    return RedisPredictionCache(shared, MemoryPredictionCache(3, 100, clock), rest_seconds=5, now=clock)


@pytest.mark.parametrize("rule", CONTRACT, ids=lambda rule: rule.__name__.strip("_"))
def test_memory_keeps_the_contract(clock: Clock, rule: Callable[[Workplace], None]) -> None:
    rule(Workplace(MemoryPredictionCache(3, 100, clock), clock))


@pytest.mark.parametrize("rule", CONTRACT[:-1], ids=lambda rule: rule.__name__.strip("_"))
def test_a_cache_whose_redis_is_away_keeps_the_contract(
    away: RedisPredictionCache, clock: Clock, rule: Callable[[Workplace], None]
) -> None:
    rule(Workplace(away, clock))


def test_without_a_url_memory_is_used() -> None:
    cache = open_prediction_cache()
    assert cache.where == "the memory of this process" and cache.stats().max_size == 500


def test_a_url_that_cannot_be_understood_is_told_without_it() -> None:
    for url in ("redis://:secret@host:port/0", "redis://:secret@[::1/0", "redis://h?db=x", "secret://h"):
        with pytest.raises(ConfigError, match=r"REDIS_URL .*Give one such as redis://") as caught:
            open_prediction_cache(url)
        assert "secret" not in str(caught.value)


def test_nobody_is_asked_before_the_first_request(away: RedisPredictionCache) -> None:
    assert away.problem() == "" and away.where.startswith("Redis at 127.0.0.1:")


def test_a_redis_that_is_away_is_told_with_how_long_and_what_to_do(away: RedisPredictionCache, clock: Clock) -> None:
    found(away, "a")
    clock.now += 4
    problem = away.problem()
    assert problem.startswith("For 4 s predictions have been kept by each process alone. Redis at 127.0.0.1:")
    assert problem.endswith("cannot be reached. Start it there, or correct REDIS_URL.")
    assert "secret" not in problem and "ada" not in problem
    clock.now += 1000
    assert away.problem().startswith("For 16 min ")
    assert away.where == "the memory of this process"


def test_it_is_logged_once(away: RedisPredictionCache, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            found(away, "a")
            clock.now += 10
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "cannot be reached" in caplog.text and "secret" not in caplog.text


def test_a_redis_that_is_away_is_asked_once_in_a_while(away: RedisPredictionCache, clock: Clock) -> None:
    asked = []
    ask = away._shared.get
    away._shared.get = lambda *given: (asked.append(clock.now), ask(*given))[1]  # type: ignore[method-assign]
    for _ in range(20):
        away.get(key("a"), "v1", never)
        clock.now += 1
    assert [moment - asked[0] for moment in asked] == [0, 5, 10, 15]


@pytest.mark.parametrize("reply", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b":many\r\n", b"$-7x\r\n", b":5\r\n", b"\0"])
def test_a_server_that_is_no_redis_is_told(clock: Clock, reply: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        shared = RedisCache(f"redis://127.0.0.1:{server.getsockname()[1]}", "tests", RedisLimits(3, 100))
        cache = RedisPredictionCache(shared, MemoryPredictionCache(), now=clock)
        with _answering_once(server, reply):
            cache.put(key("a"), "v1", prediction("kept"))
        assert "REDIS_URL" in cache.problem()
        assert found(cache, "a") == "kept"
        cache.close()


@contextmanager
def _answering_once(server: socket.socket, reply: bytes) -> Iterator[None]:
    """Whoever connects gets these bytes as an answer."""

    def answer() -> None:
        connection, _address = server.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(reply)

    thread = threading.Thread(target=answer)
    thread.start()
    yield
    thread.join(10)
