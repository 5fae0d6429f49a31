"""What Prometheus is told: requests, stages, caches, queue, the version that answers, trainings.

One process has its numbers in memory. Several workers write theirs to files in one folder, and whichever of them is
asked tells the sum of all: a scrape would otherwise meet another worker each time, and see counters jump.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcodegen_core.errors import WorkbenchError
from dlcodegen_core.inference.request_log import RequestRecord

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import GaugeMetricFamily

    from dlcodegen_core.service import DLCodeGen

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where prometheus_client looks for it
STAGE_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Instruments:
    """What is counted as it happens."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

        disable_created_metrics()  # a second line for each number, of when it began
        self.registry = CollectorRegistry()
        own: dict[str, Any] = {"registry": self.registry}
        self.requests = Counter(
            "dlcodegen_http_requests", "HTTP requests that are over.", ("route", "method", "status"), **own
        )
        self.answers = Counter(
            "dlcodegen_completions", "Completions given, computed or from the cache.", ("version", "cached"), **own
        )
        self.tokens = Counter("dlcodegen_completion_tokens", "Tokens of the completions.", ("version",), **own)
        self.stages = Histogram(
            "dlcodegen_stage_seconds", "Time of a completion's stages.", ("stage",), buckets=STAGE_SECONDS, **own
        )
        self.totals = Histogram(
            "dlcodegen_completion_seconds", "Time of completions.", ("cached",), buckets=STAGE_SECONDS, **own
        )
        live: dict[str, Any] = {**own, "multiprocess_mode": "livesum"}
        self.waiting = Gauge("dlcodegen_queue_length", "Completions that wait for a decoder.", **live)
        self.at_work = Gauge("dlcodegen_requests_in_flight", "HTTP requests that are at work.", **live)


@cache
def _instruments() -> _Instruments:
    return _Instruments()


def share_between_workers(folder: Path) -> None:
    """Have processes that are started from now on add their numbers up in `folder`, which is emptied.

    Raises StorageError.
    """
    from dlcodegen_core.storage.files import disk_errors

    with disk_errors("The folder of the workers' numbers"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    os.environ[SHARED_FOLDER] = str(folder)


def listen(service: "DLCodeGen") -> None:
    """Count what this service answers from now on."""
    if count_answer not in service.requests.listeners:
        service.requests.listeners.append(count_answer)


def count_answer(record: RequestRecord) -> None:
    instruments, cached = _instruments(), "yes" if record.cached else "no"
    instruments.answers.labels(record.version, cached).inc()
    instruments.tokens.labels(record.version).inc(record.tokens)
    instruments.totals.labels(cached).observe(record.total_ms / 1000)
    for stage, milliseconds in record.latency_ms.items():
        instruments.stages.labels(stage).observe(milliseconds / 1000)


_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")


def count_request(route: str, method: str, status: int) -> None:
    """A request that is over. route: as it is written in our routes, so that paths do not become metrics."""
    _instruments().requests.labels(route, method if method in _METHODS else "other", str(status)).inc()


def note_load(at_work: int, waiting: int) -> None:
    """How much this process has to do, at this moment."""
    _instruments().at_work.set(at_work)
    _instruments().waiting.set(waiting)


def page(service: "DLCodeGen") -> bytes:
    """All of it as text for Prometheus."""
    from prometheus_client import CollectorRegistry, generate_latest

    _instruments()  # a worker that has answered nothing yet tells of the others all the same
    registry = _instruments().registry
    if folder := os.environ.get(SHARED_FOLDER):
        from prometheus_client.multiprocess import MultiProcessCollector

        _forget_dead(Path(folder))
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=folder)
    return b"".join((generate_latest(registry), generate_latest(_state_of(service))))


def _state_of(service: "DLCodeGen") -> "CollectorRegistry":
    """What is read from the disk when somebody asks, and so is the same whichever worker is asked."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.registry import Collector

    class State(Collector):
        def collect(self) -> "Iterator[GaugeMetricFamily]":
            yield from _families(service)

    registry = CollectorRegistry()
    registry.register(State())
    return registry


def _families(service: "DLCodeGen") -> "Iterator[GaugeMetricFamily]":
    from prometheus_client.core import GaugeMetricFamily

    model = GaugeMetricFamily("dlcodegen_model_info", "The version that answers.", labels=("version",))
    with contextlib.suppress(WorkbenchError):  # a register that cannot be read answers nothing, which /ready tells
        if version := service.versions.answering():
            model.add_metric((version,), 1)
    yield model
    jobs = GaugeMetricFamily("dlcodegen_training_jobs", "Trainings by where they stand.", labels=("status",))
    for status, count in _counted(service.jobs.status(job.id).value for job in service.jobs.jobs()).items():
        jobs.add_metric((status,), count)
    yield jobs


def _counted(names: Iterator[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def _forget_dead(folder: Path, alive: Callable[[int], bool] | None = None) -> None:
    """Take back what workers that are gone said of their load; what they counted stays."""
    for file in folder.glob("gauge_live*_*.db"):
        process = file.stem.rpartition("_")[2]
        if process.isdigit() and not (alive or _is_alive)(int(process)):
            file.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(process))
