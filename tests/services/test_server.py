"""`serve` as it runs in production: several workers over one home, replaced, killed, stopped, and trainings in it."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from dlcodegen_core import DLCodeGen, Settings
from dlcodegen_core.data.demo import EXAMPLE_PAIRS
from dlcodegen_core.serving.design_routes import PREDICT
from dlcodegen_core.serving.job_routes import JOBS
from tests.explain import trained_model
from tests.services.served import free_port

pytestmark = pytest.mark.service

PATIENCE_SECONDS = 60
PROMPT = trained_model.prompt("piano", "open")
SHORT = {"epochs": 2, "hiddenLayers": [8]}


@dataclass(frozen=True)
class Served:
    """A running server."""

    address: str
    process: psutil.Process

    def ask(self, client: httpx.Client | None = None, **options: object) -> dict:
        """An answer, by whichever worker takes the connection."""
        post = client.post if client else httpx.post
        answer = post(f"{self.address}{PREDICT}", json={"prompt": PROMPT, **options}, timeout=PATIENCE_SECONDS)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def workers(self) -> set[int]:
        found = set()
        for child in self.process.children():
            with suppress(psutil.Error):
                if "resource_tracker" not in " ".join(child.cmdline()):
                    found.add(child.pid)
        return found


def until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> float:
    """Wait; the seconds that it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "waited in vain"
        time.sleep(0.02)
    return time.monotonic() - began


@contextmanager
def serving(home: Path, *options: str) -> Iterator[Served]:
    port = free_port()
    command = [sys.executable, "-m", "dlcodegen_core", "serve", "--port", str(port), *options]
    environment = Settings(home=home, embedder="local").for_a_child()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        served = Served(f"http://127.0.0.1:{port}", psutil.Process(process.pid))
        until(lambda: process.poll() is not None or _answers(served))
        yield served
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)


def _answers(served: Served) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{served.address}/health", timeout=PATIENCE_SECONDS).status_code == 200
    return False


@pytest.fixture(scope="module")
def home(trained_small: trained_model.Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with twice the same model, v1 and v2, and a stored dataset of three pairs."""
    home = tmp_path_factory.mktemp("served") / "home"
    shutil.copytree(trained_small.versions, home / "versions")
    service = DLCodeGen(Settings(home=home, embedder="local"))
    bundle = service.versions.export_bundle("v1", home.parent / "v1.zip")
    assert service.versions.import_bundle(bundle) == "v2"
    service.versions.promote("v1")
    service.datasets.create("pairs", EXAMPLE_PAIRS)
    service.close()
    return home


def test_workers_follow_what_is_promoted_and_are_replaced_when_they_die_or_have_answered_enough(home: Path) -> None:
    with serving(home, "--workers", "2", "--recycle-after", "60") as served:
        until(lambda: len(served.workers()) == 2)
        assert {served.ask()["version"] for _ in range(8)} == {"v1"}
        elsewhere = DLCodeGen(Settings(home=home, embedder="local"))
        elsewhere.versions.promote("v2")
        elsewhere.close()
        assert until(lambda: served.ask()["version"] == "v2") < 2
        assert {served.ask()["version"] for _ in range(8)} == {"v2"}

        # One is killed; the other goes on, and a new one comes.
        first = served.workers()
        psutil.Process(min(first)).kill()
        until(lambda: len(served.workers() - first) == 1)
        until(lambda: _answers(served))

        # Requests of clients that keep their connections never meet a worker that is just going.
        before, clients = served.workers(), [httpx.Client() for _ in range(3)]
        until(lambda: [served.ask(client) for client in clients] != [] and not before & served.workers())
        for client in clients:
            client.close()

        # Without the process that would replace and stop them they do not stay.
        orphans = [psutil.Process(pid) for pid in served.workers()]
        served.process.kill()
        until(lambda: not any(orphan.is_running() for orphan in orphans))


def test_what_is_in_flight_is_finished_when_the_server_is_stopped(home: Path) -> None:
    """A training that a client waits for is suspended; a completion that is being written is finished."""
    body = {"model": "base", "prompt": PROMPT, "max_tokens": 200, "temperature": 1.0, "seed": 3, "stream": True}
    with (
        serving(home) as served,
        httpx.stream("POST", f"{served.address}/v1/completions", json=body, timeout=PATIENCE_SECONDS) as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines).startswith("data: {")
        served.process.send_signal(signal.SIGTERM)
        assert [line for line in lines if line][-1] == "data: [DONE]"
        until(lambda: not served.process.is_running() or served.process.status() == psutil.STATUS_ZOMBIE)
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{served.address}/health")


def test_trainings_over_http_go_on_when_nobody_listens_and_give_a_version(home: Path) -> None:
    with serving(home) as served:
        started = httpx.post(f"{served.address}{JOBS}", json={"dataset": "pairs", "config": SHORT, "name": "over HTTP"})
        assert started.status_code == 202 and started.headers["location"] == started.json()["url"]
        # Beside it, those who wait: with a dataset as the design document has it, and with vectors.
        vectors = {"features": [[0.0] * 544, [1.0] * 544] * 4, "labels": [0, 1] * 4, "config": SHORT}
        with ThreadPoolExecutor(2) as waiting:
            waited = waiting.submit(_train, served, "/api/dl-codegen/train", {"dataset": "pairs", "config": SHORT})
            of_vectors = waiting.submit(_train, served, "/train", vectors)

            events = f"{served.address}{started.json()['events_url']}"
            with httpx.stream("GET", events, timeout=PATIENCE_SECONDS) as listening:
                first = next(listening.iter_lines())  # and then the listener hangs up
            assert first == "id: 1"
            # One that comes back hears the rest, to the end.
            heard = httpx.get(events, headers={"Last-Event-ID": "1"}, timeout=PATIENCE_SECONDS).text
        assert heard.startswith("id: 2\n") and heard.endswith('"status": "finished"}\n\n')
        told = httpx.get(f"{served.address}{started.json()['url']}").json()
        assert told["status"] == "finished" and served.ask(version=told["result"]["version"])["version"] == "v3"
        assert waited.result()["version"] == "v4"
        asked = {"features": [1.0] * 544, "modelPath": of_vectors.result()["modelPath"]}
        assert httpx.post(f"{served.address}/predict", json=asked).json()["completion"] in ("0", "1")


def _train(served: Served, path: str, body: dict) -> dict:
    answer = httpx.post(f"{served.address}{path}", json=body, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 200, answer.text
    assert {"loss", "accuracy"} <= set(answer.json())
    return answer.json()
