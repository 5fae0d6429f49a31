"""A job as a folder: what was asked, what happened, who is at work, and what remains after a crash."""

import threading
from pathlib import Path

import pytest

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.errors import TrainingError
from dlcodegen_core.training.events import (
    Discarded,
    Event,
    Failed,
    Finished,
    PhaseProgress,
    Started,
    TrainMetrics,
    Waiting,
    to_line,
)
from dlcodegen_core.training.job import JobFolder, JobStatus, TrainRequest

METRICS = TrainMetrics(0.1, 0.9, None, None, 1.0, "v1", 1, 1, 3, 0, 0.0, 10, {})
STARTED, RESUMED, STEP = Started(1.0), Started(2.0, resumed=True), PhaseProgress("reading", 0, 1, 0.0)


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    path = tmp_path / "000001"
    path.mkdir()
    return JobFolder(path)


def _write(folder: JobFolder, *events: Event) -> None:
    with folder.open_events() as file:
        for event in events:
            file.write(to_line(event))


@pytest.mark.parametrize(
    "request_",
    [
        TrainRequest("d", 3, TrainConfig(hidden_layers=(8,), patience=2, seconds=1.5, language="go"), "mine"),
        TrainRequest("مرحبا", None),
    ],
)
def test_a_request_comes_back_as_it_was(folder: JobFolder, request_: TrainRequest) -> None:
    folder.write_request(request_)
    assert JobFolder(folder.path).request == request_


def test_a_name_that_is_no_unicode_can_be_written_and_shown(folder: JobFolder) -> None:
    folder.write_request(TrainRequest("caf\udce9", None, name="\ud800x"))
    assert (folder.request.dataset, folder.request.name) == ("caf?", "?x")


@pytest.mark.parametrize(
    "content", [None, b"", b"{", b"\xff", b"[]", b"{}", b'{"dataset": "d", "revision": 1, "config": {}, "more": 1}']
)
def test_a_request_that_is_missing_or_damaged_is_told(folder: JobFolder, content: bytes | None) -> None:
    if content is not None:
        (folder.path / "request.json").write_bytes(content)
    with pytest.raises(TrainingError, match=r"Training 000001: its request.json is missing or damaged. Start it anew"):
        _ = folder.request


def test_events_are_read_as_they_come(folder: JobFolder) -> None:
    assert list(folder.events()) == []
    _write(folder, STARTED)
    assert list(folder.events()) == [STARTED]
    _write(folder, STEP, STEP)
    assert list(folder.events()) == [STARTED, STEP, STEP]
    assert list(JobFolder(folder.path).events()) == [STARTED, STEP, STEP]


def test_an_event_is_on_the_disk_as_soon_as_it_was_said(folder: JobFolder) -> None:
    with folder.open_events() as file:
        file.write(to_line(STARTED))
        assert list(folder.events()) == [STARTED]


def test_what_was_read_does_not_grow_afterwards(folder: JobFolder) -> None:
    _write(folder, STARTED)
    before = folder.events()
    _write(folder, STEP)
    assert (len(before), len(folder.events())) == (1, 2)


def test_many_readers_of_one_job_miss_and_repeat_nothing(folder: JobFolder) -> None:
    steps = [PhaseProgress("fitting", done, 500, 0.0) for done in range(500)]
    read, barrier = [], threading.Barrier(5)

    def follow() -> None:
        barrier.wait()
        while len(events := folder.events()) < len(steps):
            pass
        read.append(list(events))

    readers = [threading.Thread(target=follow, daemon=True) for _ in range(4)]
    for reader in readers:
        reader.start()
    barrier.wait()
    _write(folder, *steps)
    for reader in readers:
        reader.join(30)
    assert read == [steps] * 4


def test_half_a_line_waits_for_its_other_half(folder: JobFolder) -> None:
    line = to_line(STEP).encode()
    with (folder.path / "events.jsonl").open("ab", buffering=0) as file:
        file.write(line[:9])
        assert list(folder.events()) == []
        file.write(line[9:])
        assert list(folder.events()) == [STEP]


def test_a_line_cut_short_by_a_crash_costs_only_itself(folder: JobFolder) -> None:
    _write(folder, STARTED)
    with (folder.path / "events.jsonl").open("ab") as file:
        file.write(to_line(STEP).encode()[:9])
    _write(folder, RESUMED)
    assert list(folder.events()) == [STARTED, RESUMED]


def test_noise_in_the_events_is_passed_over(folder: JobFolder) -> None:
    (folder.path / "events.jsonl").write_bytes(b"\xff\xfe\n\n\0\0\0\n" + to_line(STARTED).encode())
    assert list(folder.events()) == [STARTED]


@pytest.mark.parametrize("wish", ["stop", "discard"])
def test_a_wish_is_heard_until_it_is_taken_back(folder: JobFolder, wish: str) -> None:
    assert folder.wish() == ""
    folder.set_wish(wish)
    assert JobFolder(folder.path).wish() == wish
    folder.set_wish("")
    folder.set_wish("")
    assert folder.wish() == ""


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((), JobStatus.INTERRUPTED),
        ((Waiting(),), JobStatus.INTERRUPTED),
        ((STARTED, STEP), JobStatus.INTERRUPTED),
        ((STARTED, Finished(METRICS)), JobStatus.FINISHED),
        ((STARTED, Finished(METRICS, stopped=True)), JobStatus.STOPPED),
        ((STARTED, Discarded()), JobStatus.DISCARDED),
        ((Discarded(),), JobStatus.DISCARDED),
        ((STARTED, Failed("no")), JobStatus.FAILED),
        ((STARTED, Failed("no"), RESUMED), JobStatus.INTERRUPTED),
        ((STARTED, Finished(METRICS, stopped=True), Waiting()), JobStatus.INTERRUPTED),
        ((STARTED, Failed("no"), RESUMED, Finished(METRICS)), JobStatus.FINISHED),
    ],
)
def test_without_a_worker_the_last_ending_since_the_last_start_counts(
    folder: JobFolder, events: tuple[Event, ...], status: JobStatus
) -> None:
    _write(folder, *events)
    assert folder.status() is status
    assert status.is_over


@pytest.mark.parametrize("events", [(), (Waiting(),), (STARTED, STEP), (STARTED, Failed("no"), RESUMED)])
def test_with_a_worker_a_job_without_an_ending_runs(folder: JobFolder, events: tuple[Event, ...]) -> None:
    _write(folder, *events)
    alive = folder.lock_alive()
    assert alive is not None
    with alive:
        assert folder.status() is JobStatus.RUNNING
        assert not folder.status().is_over
    assert folder.status() is JobStatus.INTERRUPTED


def test_an_outcome_counts_while_the_worker_still_puts_its_things_away(folder: JobFolder) -> None:
    _write(folder, STARTED, Finished(METRICS))
    alive = folder.lock_alive()
    assert alive is not None
    with alive:
        assert folder.status() is JobStatus.FINISHED


def test_a_job_is_held_by_one_worker_at_a_time(folder: JobFolder) -> None:
    assert not folder.is_alive()
    first = folder.lock_alive()
    assert first is not None
    with first:
        assert JobFolder(folder.path).lock_alive() is None
        assert JobFolder(folder.path).is_alive()
    assert not folder.is_alive()


@pytest.mark.parametrize("events", [(), (Waiting(),), (STARTED, STEP)])
def test_what_waits_in_another_process_is_queued_and_not_interrupted(
    folder: JobFolder, events: tuple[Event, ...]
) -> None:
    _write(folder, *events)
    place = folder.lock_queued()
    assert place is not None
    with place:
        elsewhere = JobFolder(folder.path)
        assert elsewhere.status() is JobStatus.QUEUED
        assert not elsewhere.can_resume()
        assert elsewhere.lock_queued() is None, "nobody queues it twice"
    assert JobFolder(folder.path).status() is JobStatus.INTERRUPTED


def test_looking_whether_a_job_lives_or_waits_makes_no_file(folder: JobFolder) -> None:
    folder.is_alive()
    folder.is_queued()
    assert list(folder.path.iterdir()) == []


@pytest.mark.parametrize(
    ("ending", "can_resume"),
    [
        (STEP, True),
        (Failed("no"), True),
        (Finished(METRICS, stopped=True), True),
        (Finished(METRICS), False),
        (Discarded(), False),
    ],
)
def test_only_an_unfinished_job_with_a_checkpoint_can_be_resumed(
    folder: JobFolder, ending: Event, can_resume: bool
) -> None:
    _write(folder, STARTED, ending)
    assert not folder.can_resume()
    folder.checkpoint.touch()
    assert folder.can_resume() is can_resume


def test_a_job_at_work_cannot_be_resumed(folder: JobFolder) -> None:
    _write(folder, STARTED)
    folder.checkpoint.touch()
    alive = folder.lock_alive()
    assert alive is not None
    with alive:
        assert not folder.can_resume()
