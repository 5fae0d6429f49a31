"""What can be told of a Redis without one; how it behaves with one: tests/services/test_redis.py."""

import socket
import subprocess
import sys

import pytest
import redis

from dlcodegen_core.errors import StorageError
from dlcodegen_core.storage.redis_cache import MAX_VALUE_BYTES, RedisCache, RedisLimits, _why

LIMITS = RedisLimits(max_entries=3, ttl_seconds=100)


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("redis://ada:secret@cache.example:6400/3", "cache.example:6400"),
        ("redis://:secret@cache.example", "cache.example:6379"),
        ("rediss://cache.example:6400", "cache.example:6400"),
        ("redis://[::1]:6400", "[::1]:6400"),
        ("redis://", "localhost:6379"),
        ("unix://:secret@/run/redis.sock?db=2", "/run/redis.sock"),
    ],
)
def test_its_place_is_told_without_the_password(url, where):
    assert RedisCache(url, "tests", LIMITS).where == f"Redis at {where}"


def test_a_url_cannot_make_requests_wait_longer():
    cache = RedisCache("redis://h?socket_timeout=60&socket_connect_timeout=60&decode_responses=1", "tests", LIMITS)
    options = cache._pool.connection_kwargs
    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (0.1, 0.1)
    assert options["decode_responses"] is False


def test_a_value_that_is_empty_or_too_long_is_not_even_sent():
    cache = RedisCache(f"redis://127.0.0.1:{_closed_port()}", "tests", LIMITS)
    cache.put("v1", b"key", b"")
    cache.put("v1", b"key", b"x" * (MAX_VALUE_BYTES + 1))
    with pytest.raises(StorageError, match="cannot be reached"):
        cache.put("v1", b"key", b"x")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (redis.BusyLoadingError("Redis is loading the dataset in memory", status_code="LOADING"), "still reading"),
        (redis.ResponseError("MISCONF Redis is configured to save RDB snapshots"), "cannot write to its disk"),
        (
            redis.exceptions.NoPermissionError("this user has no permissions", status_code="NOPERM"),
            "does not let this user",
        ),
        (redis.ResponseError("ERR @user_script: 9: -OOM command not allowed"), "is full"),
        (redis.ConnectionError("max number of clients reached", status_code="ERR"), "Raise its maxclients"),
        (redis.ResponseError("DB index is out of range"), "no database of the number"),
        (ConnectionResetError("reset"), "cannot be reached"),
        (redis.ResponseError("ERR " + "x" * 500), "refuses: ERR xxx"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_redis_says_is_told_in_plain_words(error, told):
    assert told in _why(error) and len(_why(error)) < 200


def test_the_client_is_not_loaded_without_a_url():
    code = (
        "import sys; from dlcodegen_core.inference.prediction_cache import open_prediction_cache;"
        "open_prediction_cache(); print('redis' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout.split() == ["False"]
