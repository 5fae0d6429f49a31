"""The shared cache of predictions on a real Redis, started here on a free port; skipped where there is none."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

from dlcodegen_core.config import Settings, TrainConfig
from dlcodegen_core.features.embedders import Embedders
from dlcodegen_core.features.local_embedder import LocalEmbedder
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.inference.prediction_cache import (
    REST_SECONDS,
    MemoryPredictionCache,
    RedisPredictionCache,
)
from dlcodegen_core.inference.predictor import Predictor
from dlcodegen_core.models import base_model
from dlcodegen_core.registry.versions import VersionStore
from dlcodegen_core.storage.redis_cache import RedisCache, RedisLimits
from tests.inference.contract import CONTRACT, Clock, Workplace, found, key, never, prediction
from tests.redis_server import HOW_TO_GET_IT, RedisServer, redis_command, running_redis

pytestmark = pytest.mark.service

ROOT = Path(__file__).parents[2]
PATIENT = RedisLimits(3, 100, connect_seconds=10, answer_seconds=10)  # this machine may be busy with other tests
HASTY = RedisLimits(3, 100, connect_seconds=10, answer_seconds=0.5)


@pytest.fixture(scope="module")
def command() -> str:
    found = redis_command()
    if found is None:
        pytest.skip(HOW_TO_GET_IT)
    return found


@pytest.fixture(scope="module")
def shared_server(command: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(command, tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(shared_server: RedisServer) -> RedisServer:
    """A Redis that is up, empty and without limits."""
    shared_server.say("FLUSHALL")
    return shared_server


@pytest.fixture
def own_server(command: str, tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis to be mistreated."""
    with running_redis(command, tmp_path) as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextmanager
def _cache(url: str, clock: Clock, limits: RedisLimits = PATIENT) -> Iterator[RedisPredictionCache]:
    cache = RedisPredictionCache(
        RedisCache(url, "tests", limits, now=clock), MemoryPredictionCache(3, 100, clock), rest_seconds=5, now=clock
    )
    yield cache
    cache.close()


@pytest.fixture
def cache(server: RedisServer, clock: Clock) -> Iterator[RedisPredictionCache]:
    with _cache(server.url, clock) as cache:
        yield cache


@pytest.mark.parametrize("rule", CONTRACT, ids=lambda rule: rule.__name__.strip("_"))
def test_redis_keeps_the_contract(cache: RedisPredictionCache, clock: Clock, rule: Callable[[Workplace], None]) -> None:
    rule(Workplace(cache, clock))
    assert cache.problem() == "" and cache.where.startswith("Redis at 127.0.0.1:")


def test_processes_share_entries_and_counters(cache: RedisPredictionCache, server: RedisServer, clock: Clock) -> None:
    cache.put(key("a"), "v1", prediction("x"))
    with _cache(server.url, clock) as other:
        assert found(other, "a") == "x" and found(other, "b") is None
        assert cache.stats() == other.stats()
        assert (cache.stats().hits, cache.stats().misses) == (1, 1)
        other.forget("v1")
    assert found(cache, "a") is None


def test_a_get_and_a_put_are_one_round_trip_each(cache: RedisPredictionCache, server: RedisServer) -> None:
    cache.put(key("a"), "v1", prediction("x"))
    found(cache, "a")
    before = _commands(server)
    for _ in range(10):
        found(cache, "a")
        cache.put(key("b"), "v1", prediction("y"))
    assert _commands(server) - before == 20 + 1  # and the question itself


def test_an_entry_dies_by_the_servers_own_clock(server: RedisServer) -> None:
    with _cache(server.url, clock=None, limits=RedisLimits(3, 0.2, 10, 10)) as cache:  # type: ignore[arg-type]
        cache.put(key("a"), "v1", prediction("x"))
        assert cache._shared.peek("v1", key("a")) is not None
        time.sleep(0.25)
        assert cache._shared.peek("v1", key("a")) is None
    assert server.say("EXISTS tests:entries") == ":0\r\n", "nothing is left lying about"


@pytest.mark.parametrize("content", [b"", b"x", b"\x80\x04N.", b"{}\n", b"[" * 5000, b"\0" * 2_000_000])
def test_what_is_no_prediction_is_a_miss_and_dropped(
    cache: RedisPredictionCache, server: RedisServer, content: bytes
) -> None:
    import redis

    cache.put(key("a"), "v1", prediction("x"))
    with redis.Redis.from_url(server.url) as client:
        (field,) = client.hkeys("tests:entries")
        client.hset("tests:entries", field, content)
        assert cache.peek(key("a"), "v1", never) is None
        assert found(cache, "a") is None
        if content:
            assert client.hlen("tests:entries") == client.zcard("tests:used") == client.zcard("tests:dies") == 0
    assert (cache.stats().hits, cache.stats().misses, cache.problem()) == (0, 1, "")
    cache.put(key("a"), "v1", prediction("x"))
    assert found(cache, "a") == "x"


@pytest.mark.parametrize("lost", ["entries", "used", "dies"])
def test_a_key_that_redis_pushed_out_takes_the_others_along(
    cache: RedisPredictionCache, server: RedisServer, lost: str
) -> None:
    for name in "abc":
        cache.put(key(name), "v1", prediction(name))
    server.say(f"DEL tests:{lost}")
    assert found(cache, "a") is None
    for name in "defg":
        cache.put(key(name), "v1", prediction(name))
    assert [found(cache, name) for name in "defg"] == [None, "e", "f", "g"]
    assert cache.problem() == ""


def test_a_key_that_somebody_else_uses_is_told(cache: RedisPredictionCache, server: RedisServer) -> None:
    server.say("SET tests:used x")
    cache.put(key("a"), "v1", prediction("x"))
    assert "refuses: WRONGTYPE" in cache.problem()
    assert found(cache, "a") == "x"


def test_a_redis_that_is_killed_is_done_without_and_found_again(
    own_server: RedisServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with _cache(own_server.url, clock) as cache:
        cache.put(key("a"), "v1", prediction("x"))
        own_server.kill()
        assert found(cache, "a") is None
        cache.put(key("b"), "v1", prediction("y"))
        assert found(cache, "b") == "y", "memory took over"
        assert "cannot be reached" in cache.problem()
        own_server.start()
        assert "cannot be reached" in cache.problem(), "nobody has asked yet"
        clock.now += 5
        assert found(cache, "b") is None and cache.problem() == ""
        cache.put(key("b"), "v1", prediction("z"))
        assert found(cache, "b") == "z"
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_restart_between_two_requests_is_not_noticed(own_server: RedisServer, clock: Clock) -> None:
    with _cache(own_server.url, clock) as cache:
        cache.put(key("a"), "v1", prediction("x"))
        own_server.kill()
        own_server.start()
        assert found(cache, "a") is None
        cache.put(key("a"), "v1", prediction("x"))
        assert found(cache, "a") == "x" and cache.problem() == ""


def test_a_slow_redis_costs_one_wait_and_then_none(own_server: RedisServer, clock: Clock) -> None:
    with _cache(own_server.url, clock, HASTY) as cache:
        cache.put(key("a"), "v1", prediction("x"))
        own_server.pause()
        began = time.perf_counter()
        assert found(cache, "a") is None
        assert 0.4 < time.perf_counter() - began < 5
        assert "does not answer within 500 ms" in cache.problem()
        began = time.perf_counter()
        for _ in range(20):
            cache.put(key("b"), "v1", prediction("y"))
            assert found(cache, "b") == "y"
        assert time.perf_counter() - began < 2, "forty waits would take 20 s"
        own_server.go_on()
        clock.now += 5
        assert found(cache, "a") == "x", "it has kept what it had, and no late answer is taken for another one"
        assert cache.problem() == ""


def test_a_full_redis_is_told_and_done_without(own_server: RedisServer, clock: Clock) -> None:
    with _cache(own_server.url, clock) as cache:
        own_server.say("SETRANGE of-somebody-else 1000000 x")
        own_server.say("CONFIG SET maxmemory 1mb")  # and nothing may be pushed out, as Redis has it by default
        cache.put(key("a"), "v1", prediction("x"))
        assert "is full. Give it more memory (maxmemory)" in cache.problem()
        assert found(cache, "a") == "x"
        own_server.say("CONFIG SET maxmemory 0")
        clock.now += 5
        cache.put(key("a"), "v1", prediction("x"))
        assert found(cache, "a") == "x" and cache.problem() == ""


def test_a_replica_that_may_only_be_read_is_told(own_server: RedisServer, clock: Clock) -> None:
    with _cache(own_server.url, clock) as cache:
        own_server.say("REPLICAOF 127.0.0.1 1")
        cache.put(key("a"), "v1", prediction("x"))
        assert "replica" in cache.problem() and found(cache, "a") == "x"


@pytest.mark.parametrize(
    ("user", "told"), [("", "asks for a password"), (":wrong@", "does not accept the password"), (":s3cret@", "")]
)
def test_a_password_is_needed_checked_and_never_shown(
    own_server: RedisServer, clock: Clock, user: str, told: str
) -> None:
    own_server.say("CONFIG SET requirepass s3cret")
    with _cache(own_server.url.replace("redis://", f"redis://{user}"), clock) as cache:
        cache.put(key("a"), "v1", prediction("x"))
        assert found(cache, "a") == "x"
        assert told in cache.problem() and bool(told) == bool(cache.problem())
        assert "s3cret" not in cache.problem() + cache.where and "wrong" not in cache.problem() + cache.where


def test_a_password_that_redis_does_not_have_is_told(server: RedisServer, clock: Clock) -> None:
    with _cache(server.url.replace("redis://", "redis://:pw@"), clock) as cache:
        assert found(cache, "a") is None
        assert "has no password, but REDIS_URL gives one" in cache.problem()


def test_what_was_dropped_while_redis_was_away_does_not_come_back(own_server: RedisServer, clock: Clock) -> None:
    with _cache(own_server.url, clock, HASTY) as cache:
        for version in ("v1", "v2"):
            cache.put(key("a"), version, prediction(version, version))
        own_server.pause()
        cache.forget("v1")
        own_server.go_on()
        clock.now += 5
        assert (found(cache, "a", "v1"), found(cache, "a", "v2")) == (None, "v2")
        own_server.pause()
        cache.clear()
        own_server.go_on()
        clock.now += 5
        assert found(cache, "a", "v2") is None


def test_many_threads_may_use_one_cache(cache: RedisPredictionCache) -> None:
    wrong: list[object] = []

    def work(number: int) -> None:
        for turn in range(25):
            name = str((number + turn) % 3)
            cache.put(key(name), "v1", prediction(name))
            if found(cache, name) not in (name, None):
                wrong.append(name)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and cache.problem() == "" and cache.stats().entries == 3
    assert cache.stats().hits + cache.stats().misses == 200


# Answers of real models.


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one version, whose weights are drawn at random."""
    import torch

    from dlcodegen_core.models.deepcodenet import DeepCodeNet
    from dlcodegen_core.models.saved_model import ModelCard, save_model

    home = tmp_path_factory.mktemp("redis-home")
    config = TrainConfig(hidden_layers=(16,))
    card = ModelCard(
        version="v1", name="", created_at="2026-01-01T00:00:00+00:00", dataset="d", dataset_revision=None,
        dataset_fingerprint="", pairs=1, samples=1, config=config, embedder=LocalEmbedder().identity,
        embedder_title="local", tokens=("(", ")", "return ", "x "), keyword_terms=("def",), keyword_idf=(1.0,),
        metrics={},
    )  # fmt: skip
    torch.manual_seed(1)
    network = DeepCodeNet(len(card.vocabulary), config.hidden_layers)
    save_model(home / "versions" / "v1", card, network.state_dict())
    return home


@contextmanager
def _predictor(home: Path, url: str) -> Iterator[Predictor]:
    """A predictor as another process would have it."""
    settings = Settings(home=home, embedder="local", redis_url=url)
    embedders = Embedders(settings)
    cache = RedisPredictionCache(RedisCache(url, "tests", PATIENT), MemoryPredictionCache())
    predictor = Predictor(VersionStore(settings.versions_folder), embedders, cache)
    yield predictor
    predictor.close()
    embedders.close()


def test_one_predictor_answers_from_what_another_has_computed(home: Path, server: RedisServer) -> None:
    request = PredictionRequest("def add(a, b):", max_tokens=2)
    with _predictor(home, server.url) as one, _predictor(home, server.url) as other:
        first, second = one.predict(request), other.predict(request)
        assert (first.cached, second.cached) == (False, True)
        assert (second.completion, second.candidates) == (first.completion, first.candidates)
        assert np.array_equal(second.features, first.features)
        assert list(second.latency_ms) == ["cache look-up"] and not other._models, "no model was needed"
        assert one.cache_stats() == other.cache_stats() and one.cache_problem() == ""


def test_features_that_nobody_computed_are_computed_by_the_reader(home: Path, server: RedisServer) -> None:
    if not base_model.is_there():
        pytest.skip("no base model is shipped with this checkout")
    request = PredictionRequest("import os\n\nos.", max_tokens=3)
    with _predictor(home, server.url) as one, _predictor(home, server.url) as other:
        first, second = one.predict(request, "base"), other.predict(request, "base")
        assert second.cached and not other._models
        assert np.array_equal(second.features, first.features) and second.features is second.features


def test_a_version_made_anew_does_not_answer_with_the_old_ones_words(home: Path, server: RedisServer) -> None:
    request = PredictionRequest("def add(a, b):")
    card = home / "versions" / "v1" / "model.json"
    content = card.read_text("utf-8")
    with _predictor(home, server.url) as predictor:
        predictor.predict(request)
        card.write_text(json.dumps({**json.loads(content), "name": "another"}), "utf-8")
        try:
            assert not predictor.predict(request).cached and predictor.model("v1").card.name == "another"
        finally:
            card.write_text(content, "utf-8")


def test_a_version_that_is_gone_takes_its_answers_along(home: Path, server: RedisServer) -> None:
    request = PredictionRequest("def add(a, b):")
    with _predictor(home, server.url) as one, _predictor(home, server.url) as other:
        one.predict(request)
        other.forget("v1")
        assert other.cache_stats().entries == 0 and not one.predict(request).cached


def test_a_request_is_answered_while_redis_dies(home: Path, own_server: RedisServer) -> None:
    with _predictor(home, own_server.url) as predictor:
        predictor.predict(PredictionRequest("def add(a, b):"))
        own_server.kill()
        again = predictor.predict(PredictionRequest("def add(a, b):"))
        assert again.candidates and not again.cached
        assert predictor.predict(PredictionRequest("def add(a, b):")).cached, "from memory"
        assert "cannot be reached" in predictor.cache_problem()
        assert predictor.cache_place() == "the memory of this process"


def test_two_servers_share_one_redis(home: Path, server: RedisServer, tmp_path: Path) -> None:
    with _serving(home, server.url, tmp_path / "1.log") as one, _serving(home, server.url, tmp_path / "2.log") as other:
        for turn in range(4):
            body = {"prompt": f"def add{turn}(a, b):", "max_tokens": 2}
            first, second = (
                httpx.post(f"{address()}/api/dl-codegen/predict", json=body, timeout=60).raise_for_status().json()
                for address in (one, other)
            )
            assert all(first[part] == second[part] for part in ("completion", "candidates", "features", "version"))
            if second["cached"]:
                break
            time.sleep(REST_SECONDS + 0.1)  # on a busy machine Redis may have been too slow for one of them
    assert (first["cached"], second["cached"]) == (False, True)


@contextmanager
def _serving(home: Path, redis_url: str, log: Path) -> Iterator[Callable[[], str]]:
    """A server without pages; the address is told once it answers, so that two of them can start side by side."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, **Settings(home=home, embedder="local", redis_url=redis_url).to_environment()}
    command = [sys.executable, "-m", "dlcodegen_core", "serve", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=output, stderr=output)

    def address() -> str:
        end = time.monotonic() + 60
        while time.monotonic() < end and process.poll() is None:
            try:
                httpx.get(f"http://127.0.0.1:{port}/health", timeout=5)
                return f"http://127.0.0.1:{port}"
            except httpx.TransportError:
                time.sleep(0.05)
        raise TimeoutError(log.read_text("utf-8"))

    try:
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _commands(server: RedisServer) -> int:
    """How many commands a client has sent, those within scripts not counted."""
    import redis

    with redis.Redis.from_url(server.url, protocol=2, driver_info=None) as client:
        stats = client.info("commandstats")
    return sum(stats[name]["calls"] for name in ("cmdstat_evalsha", "cmdstat_info") if name in stats)
