"""Trainings in real worker processes: they queue up, survive every kind of death, and leave nobody behind."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dlcodegen_core.config import Settings, TrainConfig
from dlcodegen_core.data.demo import EXAMPLE_PAIRS
from dlcodegen_core.data.formats import write_dataset
from dlcodegen_core.errors import TrainingCancelled, TrainingError
from dlcodegen_core.models.saved_model import load_model
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.training.events import EpochEnded, Event, Failed, Finished, PhaseProgress, Started, Waiting
from dlcodegen_core.training.job import JobFolder, JobStatus, TrainRequest
from dlcodegen_core.training.jobs import JobQueue

pytestmark = pytest.mark.service

PATIENCE_SECONDS = 100
SHORT = TrainConfig(hidden_layers=(8,), epochs=3)
# Long enough on any machine to be caught in the act.
ENDLESS = TrainConfig(hidden_layers=(64, 32), epochs=10_000)

PARENT = """
import sys, time
from pathlib import Path
from dlcodegen_core import DLCodeGen, Settings, TrainConfig
service = DLCodeGen(Settings(home=Path(sys.argv[1]), embedder="local"))
service.start_training("example", TrainConfig(hidden_layers=(64, 32), epochs=10_000))
time.sleep(1000)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home folder of which no process is left at the end."""
    yield tmp_path / "home"
    assert _wait(lambda: _workers(tmp_path) == []), f"left behind: {_workers(tmp_path)}"


@pytest.fixture
def open_service(home: Path) -> Iterator[Callable[[], DLCodeGen]]:
    """Open the workbench on the home folder, any number of times; the first time with the three-pair example."""
    services: list[DLCodeGen] = []

    def open_it() -> DLCodeGen:
        services.append(DLCodeGen(Settings(home=home, embedder="local")))
        if len(services) == 1:
            services[0].datasets.create("example", EXAMPLE_PAIRS)
        return services[-1]

    yield open_it
    for service in services:
        service.close()


@pytest.fixture
def service(open_service: Callable[[], DLCodeGen]) -> DLCodeGen:
    return open_service()


def _wait(condition: Callable[[], bool]) -> bool:
    """Whether the condition comes true while anybody would still wait."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds


def _workers(folder: Path) -> list[int]:
    """The processes that train in a folder."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                arguments = (process / "cmdline").read_bytes()
            except OSError:
                continue  # it ended while we looked
            if b"dlcodegen_core.training.worker" in arguments and os.fsencode(folder) in arguments:
                found.append(int(process.name))
    return found


def _kill_worker(job: JobFolder) -> None:
    (worker,) = _workers(job.path)
    os.kill(worker, signal.SIGKILL)


def _of_kind(job: JobFolder, kind: type) -> list[Event]:
    return [event for event in job.events() if isinstance(event, kind)]


def _reaches_epoch(job: JobFolder, epoch: int = 1) -> bool:
    return _wait(lambda: any(event.epoch >= epoch for event in _of_kind(job, EpochEnded)))


def _ends(service: DLCodeGen, job_id: str, status: JobStatus) -> bool:
    assert _wait(lambda: service.jobs.status(job_id).is_over)
    assert service.jobs.status(job_id) is status, list(service.jobs.folder(job_id).events())[-1:]
    return True


def _versions(service: DLCodeGen) -> list[str]:
    return [card.version for card in service.versions.all()]


def test_the_three_pair_example_is_trained_from_a_file_and_completes(service: DLCodeGen, tmp_path: Path) -> None:
    file = tmp_path / "data.json"
    file.write_bytes(write_dataset(EXAMPLE_PAIRS))
    heard: list[Event] = []
    metrics = service.train(file, TrainConfig(), name="first", on_event=heard.append)
    assert metrics.version == "v1" and metrics.epochs == 50 and 0 <= metrics.accuracy <= 1
    assert isinstance(heard[0], Started) and isinstance(heard[-1], Finished) and heard[-1].metrics == metrics
    assert [event.epoch for event in heard if isinstance(event, EpochEnded)] == list(range(1, 51))
    card = service.versions.card("v1")
    assert (card.name, card.dataset, card.dataset_revision) == ("first", "data", None)
    (job,) = service.jobs.jobs()
    assert service.jobs.status(job.id) is JobStatus.FINISHED
    assert not job.checkpoint.exists(), "nothing is left to resume"
    prediction = service.predict("import React from 'react';")
    assert prediction.version == "v1" and prediction.candidates[0].tokens[-1] in card.tokens


def test_two_trainings_started_at_once_run_one_after_the_other(service: DLCodeGen) -> None:
    first, second = (service.start_training("example", SHORT) for _ in range(2))
    assert service.jobs.status(second) is JobStatus.QUEUED
    elsewhere = JobQueue(service.settings)
    assert elsewhere.status(second) is JobStatus.QUEUED, "seen by another process of the same workbench"
    with pytest.raises(TrainingError, match="is queued, so it cannot be resumed"):
        elsewhere.resume(second)
    assert _ends(service, first, JobStatus.FINISHED)
    assert _ends(service, second, JobStatus.FINISHED)
    assert _versions(service) == ["v2", "v1"]
    finished = service.jobs.folder(first).path / "events.jsonl"
    (started,) = _of_kind(service.jobs.folder(second), Started)
    assert started.at >= finished.stat().st_mtime - 0.1  # the file system's clock ticks


def test_trainings_of_two_workbenches_on_one_home_run_one_after_the_other(
    open_service: Callable[[], DLCodeGen],
) -> None:
    one, other = open_service(), open_service()
    first = one.start_training("example", ENDLESS)
    assert _reaches_epoch(one.jobs.folder(first))
    second = other.start_training("example", SHORT)
    waiting = other.jobs.folder(second)
    assert _wait(lambda: _of_kind(waiting, Waiting) != [])
    assert _of_kind(waiting, Started) == [] and other.jobs.status(second) is JobStatus.RUNNING
    one.jobs.stop(first)
    assert _ends(one, first, JobStatus.STOPPED) and _ends(other, second, JobStatus.FINISHED)
    assert _versions(one) == _versions(other) == ["v2", "v1"]


def test_a_killed_worker_leaves_an_interrupted_job_that_goes_on_from_its_checkpoint(service: DLCodeGen) -> None:
    assert _ends(service, service.start_training("example", SHORT), JobStatus.FINISHED)
    job_id = service.start_training("example", ENDLESS)
    job = service.jobs.folder(job_id)
    assert _wait(job.checkpoint.exists)
    _kill_worker(job)
    assert _ends(service, job_id, JobStatus.INTERRUPTED)
    with pytest.raises(TrainingError, match=r"ended from outside \(signal 9\)\. Resume it"):
        service.follow(job_id)
    assert job.can_resume()
    assert _versions(service) == ["v1"]
    load_model(service.versions.folder("v1"))

    before = len(job.events())
    service.jobs.resume(job_id)
    assert _wait(lambda: any(isinstance(event, EpochEnded) for event in job.events()[before:]))
    first = next(event for event in job.events()[before:] if isinstance(event, EpochEnded))
    assert first.epoch > 1, "it goes on from the checkpoint"
    assert _of_kind(job, Started)[-1].resumed
    service.jobs.stop(job_id)
    assert _ends(service, job_id, JobStatus.STOPPED)
    card, _network = load_model(service.versions.folder("v2"))
    assert [curve["epoch"] for curve in card.curves] == list(range(1, len(card.curves) + 1))
    assert _versions(service) == ["v2", "v1"]


def test_a_worker_killed_before_its_first_checkpoint_begins_anew_and_finishes(service: DLCodeGen) -> None:
    job_id = service.start_training("example", TrainConfig(hidden_layers=(8,), epochs=40))
    job = service.jobs.folder(job_id)
    assert _wait(lambda: _of_kind(job, PhaseProgress) != [])
    _kill_worker(job)
    assert _ends(service, job_id, JobStatus.INTERRUPTED)
    assert not job.checkpoint.exists()
    service.jobs.resume(job_id)
    assert _ends(service, job_id, JobStatus.FINISHED)
    assert service.follow(job_id).epochs == 40
    assert _versions(service) == ["v1"]


def test_closing_the_workbench_suspends_the_training_and_the_next_one_goes_on(
    open_service: Callable[[], DLCodeGen],
) -> None:
    service = open_service()
    job_id = service.start_training("example", ENDLESS)
    assert _reaches_epoch(service.jobs.folder(job_id))
    waiting = service.start_training("example", SHORT)
    service.close()
    assert service.jobs.folder(job_id).checkpoint.exists()
    assert _workers(service.settings.home) == []

    reopened = open_service()
    job = reopened.jobs.folder(job_id)
    assert reopened.jobs.status(job_id) is reopened.jobs.status(waiting) is JobStatus.INTERRUPTED
    assert _versions(reopened) == [] and job.can_resume()
    done = _of_kind(job, EpochEnded)[-1].epoch
    reopened.jobs.resume(job_id)
    assert _reaches_epoch(job, done + 1)
    reopened.jobs.stop(job_id)
    assert _ends(reopened, job_id, JobStatus.STOPPED)
    epochs = [event.epoch for event in _of_kind(job, EpochEnded)]
    assert epochs == list(range(1, len(epochs) + 1))
    assert len(load_model(reopened.versions.folder("v1"))[0].curves) == len(epochs)


def test_stopping_keeps_what_was_learned_and_discarding_keeps_nothing(service: DLCodeGen) -> None:
    kept, dropped, never_begun = (service.start_training("example", ENDLESS) for _ in range(3))
    assert _reaches_epoch(service.jobs.folder(kept), 2)
    service.jobs.stop(never_begun)
    assert service.jobs.status(never_begun) is JobStatus.DISCARDED
    service.jobs.stop(kept)
    metrics = service.follow(kept)
    assert metrics.version == "v1" and 2 <= metrics.epochs < 10_000
    assert service.jobs.folder(kept).can_resume()

    assert _reaches_epoch(service.jobs.folder(dropped))
    service.jobs.discard(dropped)
    with pytest.raises(TrainingCancelled, match="discarded; nothing was kept"):
        service.follow(dropped)
    assert _versions(service) == ["v1"]
    for over in (dropped, never_begun):
        assert not service.jobs.folder(over).can_resume()
        with pytest.raises(TrainingError, match="is discarded, so it cannot be resumed"):
            service.jobs.resume(over)


def test_a_full_disk_fails_with_a_sentence_and_leaves_no_half_version(service: DLCodeGen) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))  # the worker inherits it; the weights take more
    try:
        job_id = service.start_training("example", TrainConfig(epochs=2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert _ends(service, job_id, JobStatus.FAILED)
    (failed,) = _of_kind(service.jobs.folder(job_id), Failed)
    assert failed.message.startswith("v1 could not be saved: File too large. Free some space")
    # The number is taken for good; of the version itself there is nothing, not even under a temporary name.
    assert [path for path in service.settings.versions_folder.iterdir() if path.is_dir()] == []
    service.jobs.resume(job_id)
    assert _ends(service, job_id, JobStatus.FINISHED)
    assert _versions(service) == ["v2"]


def test_a_disk_too_full_for_the_progress_itself_is_told_all_the_same(service: DLCodeGen) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, hard))  # some events fit, and the worker's last words do
    try:
        job_id = service.start_training("example", ENDLESS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert _ends(service, job_id, JobStatus.INTERRUPTED)
    with pytest.raises(TrainingError, match=r"could not write its progress: File too large\. Free some space"):
        service.follow(job_id)


def test_pairs_that_cannot_be_read_fail_with_their_own_sentence(service: DLCodeGen, tmp_path: Path) -> None:
    file = tmp_path / "data.json"
    file.write_bytes(write_dataset(EXAMPLE_PAIRS))
    first = service.start_training("example", ENDLESS)
    second = service.jobs.submit(TrainRequest("data", None, SHORT), file)
    service.jobs.folder(second).dataset_file.write_text("[]")
    service.jobs.discard(first)
    assert _ends(service, second, JobStatus.FAILED)
    with pytest.raises(TrainingError, match=r"dataset\.json is a list; one object is expected"):
        service.follow(second)


def test_a_worker_ends_by_itself_when_its_parent_is_killed(open_service: Callable[[], DLCodeGen], home: Path) -> None:
    service = open_service()
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(home)], start_new_session=True)
    try:
        assert _wait(lambda: len(service.jobs.jobs()) == 1)
        (job,) = service.jobs.jobs()
        assert _reaches_epoch(job)
    finally:
        parent.kill()
        parent.wait()
    assert _wait(lambda: _workers(home) == [])
    assert service.jobs.status(job.id) is JobStatus.INTERRUPTED
    assert job.can_resume() and _versions(service) == []
