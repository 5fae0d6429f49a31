"""A cache of bytes in Redis that processes share: like the one in memory, the least recently used entry goes first,
entries age, and everything is counted.

Every call but the first is one round trip. Redis is given little time to answer, since computing is what a cache
saves. What goes wrong is one StorageError that says what to do; who asks decides how to go on without.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlcodegen_core.errors import ConfigError, StorageError
from dlcodegen_core.storage import redis_scripts
from dlcodegen_core.storage.memory_cache import CacheStats

if TYPE_CHECKING:
    from redis.commands.core import Script

CONNECT_SECONDS = 0.1
ANSWER_SECONDS = 0.1
MAX_VALUE_BYTES = 1_000_000
KEYS = ("entries", "used", "dies", "counters")
# What Redis says -> what is wrong with it, and what to do. The first that is found counts.
REFUSALS = (
    ("unauthenticated", "asks for a password. Put it into REDIS_URL, as in redis://:password@host:6379/0."),
    ("NOAUTH", "asks for a password. Put it into REDIS_URL, as in redis://:password@host:6379/0."),
    ("WRONGPASS", "does not accept the password of REDIS_URL. Correct it there."),
    ("invalid password", "does not accept the password of REDIS_URL. Correct it there."),
    ("without any password configured", "has no password, but REDIS_URL gives one. Remove it there."),
    ("NOPERM", "does not let this user do what a cache needs. Allow it the scripts and keys of this program."),
    ("READONLY", "is a replica that may only be read. Point REDIS_URL to the primary."),
    ("OOM", "is full. Give it more memory (maxmemory), or let it push out what is old (maxmemory-policy allkeys-lru)."),
    ("MISCONF", "takes nothing while it cannot write to its disk. See its log."),
    ("LOADING", "is still reading its data. It will be used as soon as it is ready."),
    ("DB index", "has no database of the number in REDIS_URL. Correct it there."),
    ("max number of clients", "has as many clients as it takes. Raise its maxclients."),
)
SHOWN_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class RedisLimits:
    """How much is kept for how long, and how long Redis may take."""

    max_entries: int
    ttl_seconds: float
    connect_seconds: float = CONNECT_SECONDS
    answer_seconds: float = ANSWER_SECONDS


class RedisCache:
    """Thread-safe; connects when it is first asked. Every method raises StorageError if Redis is away or refuses.

    An entry has a key and belongs to a group, which can be forgotten as a whole.
    """

    def __init__(self, url: str, name: str, limits: RedisLimits, now: Callable[[], float] | None = None) -> None:
        """name: what its keys begin with. now: seconds; None for the clock of the server, which all processes share.

        Raises ConfigError if the URL cannot be understood.
        """
        from redis import ConnectionPool, Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        options = {
            "socket_connect_timeout": limits.connect_seconds,
            "socket_timeout": limits.answer_seconds,
            "retry": Retry(NoBackoff(), 0),  # the caller's rest after a failure does better than trying at once
            "protocol": 2,  # the connection is ready without a greeting
            "driver_info": None,
            "decode_responses": False,
        }
        try:
            pool = ConnectionPool.from_url(url, **options)
        except (ValueError, TypeError) as exc:  # it does not quote the URL, which may hold a password
            raise ConfigError(
                "REDIS_URL is not the address of a Redis server. Give one such as redis://localhost:6379/0."
            ) from exc
        pool.connection_kwargs.update(options)  # a URL may carry options of its own
        self.where = f"Redis at {_address(pool.connection_kwargs)}"
        self._limits = limits
        self._now = now
        self._keys = tuple(f"{name}:{key}" for key in KEYS)
        self._pool = pool
        self._client = Redis(connection_pool=pool)
        self._get = self._client.register_script(redis_scripts.GET)
        self._put = self._client.register_script(redis_scripts.PUT)
        self._reject = self._client.register_script(redis_scripts.REJECT)
        self._forget = self._client.register_script(redis_scripts.FORGET)
        self._stats = self._client.register_script(redis_scripts.STATS)

    def get(self, group: str, key: bytes) -> bytes | None:
        """The bytes kept under `key`, or None; counts a hit or a miss."""
        return self._look(group, key, counted=True)

    def peek(self, group: str, key: bytes) -> bytes | None:
        """The same without counting, for a second look."""
        return self._look(group, key, counted=False)

    def put(self, group: str, key: bytes, value: bytes) -> None:
        """Keep `value`, pushing out the least recently used entries; one that is empty or very long is not kept."""
        if 0 < len(value) <= MAX_VALUE_BYTES:
            life = max(1, round(self._limits.ttl_seconds * 1000))
            self._do(self._put, _field(group, key), value, self._limits.max_entries, life)

    def reject(self, group: str, key: bytes) -> None:
        """Drop an entry that was got and turned out to be useless; its hit was a miss."""
        self._do(self._reject, _field(group, key))

    def forget(self, group: str) -> None:
        """Drop all entries of a group."""
        self._do(self._forget, group)

    def clear(self) -> None:
        """Drop all entries; the counters go on."""
        with self._plain_errors():
            self._client.delete(*self._keys[:3])

    def stats(self) -> CacheStats:
        """Counted by all processes, since Redis has kept the counters."""
        reply = self._run(self._stats)
        if not isinstance(reply, Sequence) or len(reply) != 4 or not all(isinstance(each, int) for each in reply):
            raise self._foreign()
        entries, hits, misses, evictions = reply
        return CacheStats(entries, self._limits.max_entries, entries, hits, misses, evictions)

    def close(self) -> None:
        """Close the connections; the next call opens a new one."""
        self._pool.disconnect()

    def _look(self, group: str, key: bytes, counted: bool) -> bytes | None:
        value = self._run(self._get, _field(group, key), MAX_VALUE_BYTES, int(counted))
        if value is not None and not isinstance(value, bytes):
            raise self._foreign()
        return value

    def _do(self, script: "Script", *arguments: str | bytes | int) -> None:
        if self._run(script, *arguments) != b"OK":
            raise self._foreign()

    def _run(self, script: "Script", *arguments: str | bytes | int) -> Any:
        now = -1 if self._now is None else round(self._now() * 1000)
        with self._plain_errors():
            return script(self._keys, (now, *arguments))

    @contextlib.contextmanager
    def _plain_errors(self) -> Iterator[None]:
        import redis

        try:
            yield
        except redis.TimeoutError as exc:
            wait = f"{self._limits.answer_seconds * 1000:.0f} ms"
            raise self._problem(f"does not answer within {wait}. Look whether it is overloaded, or far away.") from exc
        except (redis.InvalidResponse, ValueError, TypeError, IndexError) as exc:
            # bytes that are no reply of Redis; what is left of them is not to be read as the next one
            self._pool.disconnect()
            raise self._foreign() from exc
        except (redis.RedisError, OSError) as exc:
            raise self._problem(_why(exc)) from exc

    def _foreign(self) -> StorageError:
        return self._problem("answers in a way that Redis does not. Look whether REDIS_URL names the right port.")

    def _problem(self, what: str) -> StorageError:
        return StorageError(f"{self.where} {what}")


def _why(exc: Exception) -> str:
    import redis

    # the client takes the code off the text of some errors
    said = f"{getattr(exc, 'status_code', None) or ''} {exc}".strip()
    for mark, meaning in REFUSALS:
        if mark in said:
            return meaning
    if isinstance(exc, redis.ConnectionError | OSError):
        return "cannot be reached. Start it there, or correct REDIS_URL."
    return f"refuses: {said[:SHOWN_CHARACTERS].rstrip('.')}. See its log."


def _address(options: dict[str, Any]) -> str:
    """Where it is, without the user and the password."""
    if "path" in options:
        return str(options["path"])
    host = str(options.get("host", "localhost"))
    return f"{f'[{host}]' if ':' in host else host}:{options.get('port', 6379)}"


def _field(group: str, key: bytes) -> str:
    return f"{key.hex()}/{group}"
