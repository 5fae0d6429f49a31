"""The queue of trainings: one at a time, each in a process of its own, all of them readable from disk.

A page that is reloaded, a second visitor and a restarted server see the same jobs, because a job is a folder.
"""

import contextlib
import logging
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from dlcodegen_core.config import Settings
from dlcodegen_core.errors import TrainingError
from dlcodegen_core.storage.files import disk_errors
from dlcodegen_core.training.events import Discarded, to_line
from dlcodegen_core.training.job import JobFolder, JobStatus, TrainRequest

logger = logging.getLogger(__name__)

_ID = re.compile(r"\d{6}")


class JobQueue:
    """Starts workers, one after the other; thread-safe."""

    def __init__(self, settings: Settings, on_end: Callable[[], None] = lambda: None) -> None:
        """on_end is called after each worker's end, in a thread of its own."""
        self._settings = settings
        self._on_end = on_end
        self._lock = threading.RLock()
        self._folders: dict[str, JobFolder] = {}
        self._queue: list[tuple[str, bool]] = []
        # Held until the worker of the job has ended, so that other processes never see it between two stools.
        self._places: dict[str, IO[bytes]] = {}
        self._worker: subprocess.Popen[bytes] | None = None
        self._working_on = ""
        self._events_before = 0
        self._last_words: dict[str, str] = {}
        self._closed = False
        # Where pages are served, trainings leave the processor to them.
        self.in_background = False

    def submit(self, request: TrainRequest, dataset_file: Path | None = None) -> str:
        """Queue a training and return its id. dataset_file is copied, so that the job can be resumed later.

        Raises StorageError if the job cannot be written down.
        """
        with self._lock:
            folder = self._new_folder()
            if dataset_file is not None:
                with disk_errors(dataset_file.name):
                    shutil.copyfile(dataset_file, folder.path / f"dataset{dataset_file.suffix.lower() or '.json'}")
            folder.write_request(request)
            self._folders[folder.id] = folder
            self._enqueue(folder, resume=False)
            return folder.id

    def resume(self, job_id: str) -> None:
        """Queue a stopped, failed or interrupted job again, from its checkpoint where it has one."""
        folder = self.folder(job_id)
        with self._lock:
            status = self.status(job_id)
            if not status.is_over or status in (JobStatus.FINISHED, JobStatus.DISCARDED):
                raise TrainingError(f"Training {job_id} is {status.value}, so it cannot be resumed. Start a new one.")
            folder.set_wish("")
            self._last_words.pop(job_id, None)
            self._enqueue(folder, resume=folder.checkpoint.exists())

    def stop(self, job_id: str) -> None:
        """End a job and keep what it has learned so far; one that has not begun is taken off the queue."""
        self._end(job_id, "stop")

    def discard(self, job_id: str) -> None:
        """End a job and keep nothing of it."""
        self._end(job_id, "discard")

    def jobs(self) -> list[JobFolder]:
        """All jobs, newest first."""
        root = self._settings.jobs_folder
        names = [path.name for path in root.iterdir() if _ID.fullmatch(path.name)] if root.is_dir() else []
        return [self.folder(name) for name in sorted(names, reverse=True)]

    def folder(self, job_id: str) -> JobFolder:
        """One job. Raises TrainingError if there is none of that id."""
        with self._lock:
            if job_id not in self._folders:
                path = self._settings.jobs_folder / job_id
                if not _ID.fullmatch(job_id) or not path.is_dir():
                    raise TrainingError(f"There is no training {job_id!r}. Look at the list on the Train page.")
                self._folders[job_id] = JobFolder(path)
            return self._folders[job_id]

    def status(self, job_id: str) -> JobStatus:
        """Where the job stands, the queue of this process included."""
        with self._lock:
            if any(job_id == queued for queued, _resume in self._queue):
                return JobStatus.QUEUED
        folder = self.folder(job_id)
        worker = self._worker_of(job_id)
        if worker is None:
            return folder.status()
        if worker.poll() is not None:
            status = folder.status()
            return JobStatus.INTERRUPTED if status is JobStatus.QUEUED else status  # its place is about to be left
        # Until a resumed worker speaks, the last thing its job tells is how the previous one ended.
        silent = len(folder.events()) == self._events_before
        status = folder.status()
        return JobStatus.RUNNING if silent or status in (JobStatus.INTERRUPTED, JobStatus.QUEUED) else status

    def last_words(self, job_id: str) -> str:
        """What a worker said that ended without recording an outcome; empty for all others."""
        return self._last_words.get(job_id, "")

    def current(self) -> JobFolder | None:
        """The job at work right now, in whichever process, or None."""
        return next((job for job in self.jobs() if self.status(job.id) is JobStatus.RUNNING), None)

    @property
    def is_at_work(self) -> bool:
        """Whether a training of this process runs or waits; it would end with the process."""
        with self._lock:
            return self._worker is not None or bool(self._queue)

    def wait(self, job_id: str, timeout_seconds: float) -> bool:
        """Wait for the worker of this process's job; returns whether it is over."""
        worker = self._worker_of(job_id)
        if worker is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(timeout_seconds)
        return self.status(job_id).is_over

    def close(self, timeout_seconds: float = 10) -> None:
        """Suspend the running job, which can be resumed later, and start no other."""
        with self._lock:
            self._closed = True
            worker = self._worker
        if worker is not None:
            _close_stdin(worker)
            try:
                worker.wait(timeout_seconds)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
        with self._lock:
            for job_id in list(self._places):
                self._leave_place(job_id)

    def _end(self, job_id: str, wish: str) -> None:
        folder = self.folder(job_id)
        with self._lock:
            queued = [entry for entry in self._queue if entry[0] == job_id]
            if queued:
                self._queue.remove(queued[0])
                self._leave_place(job_id)
                folder.set_wish("discard")
                self._note_discarded(folder)
                return
            if self.status(job_id).is_over and wish == "discard":
                # Nobody is at work: what there is to resume from goes.
                folder.checkpoint.unlink(missing_ok=True)
                self._note_discarded(folder)
                return
        folder.set_wish(wish)

    def _note_discarded(self, folder: JobFolder) -> None:
        with folder.open_events() as events:
            events.write(to_line(Discarded()))

    def _new_folder(self) -> JobFolder:
        root = self._settings.jobs_folder
        with disk_errors("The training"):
            root.mkdir(parents=True, exist_ok=True)
            numbers = [int(path.name) for path in root.iterdir() if _ID.fullmatch(path.name)]
            number = max(numbers, default=0) + 1
            while True:
                path = root / f"{number:06d}"
                with contextlib.suppress(FileExistsError):  # another process was quicker
                    path.mkdir()
                    return JobFolder(path)
                number += 1

    def _enqueue(self, folder: JobFolder, resume: bool) -> None:
        """Call with the lock held. Raises TrainingError if it waits in another process."""
        # A worker that has told its outcome may not have ended yet; the place is ours still then.
        place = self._places.get(folder.id) or folder.lock_queued()
        if place is None:
            raise TrainingError(f"Training {folder.id} waits in another process of this workbench already.")
        self._places[folder.id] = place
        self._queue.append((folder.id, resume))
        self._start_next()

    def _leave_place(self, job_id: str) -> None:
        if place := self._places.pop(job_id, None):
            place.close()

    def _start_next(self) -> None:
        """Start the oldest queued job if no worker of ours is at work. Call with the lock held."""
        while self._worker is None and self._queue and not self._closed:
            job_id, resume = self._queue.pop(0)
            try:
                self._worker = self._spawn(self._folders[job_id], resume)
            except OSError as exc:
                reason = f"The training process could not be started: {exc.strerror or exc}. Start it again later."
                self._last_words[job_id] = reason
                logger.warning("Training %s: %s", job_id, reason)
                self._leave_place(job_id)
                continue
            self._working_on = job_id
            threading.Thread(target=self._watch, args=(job_id, self._worker), daemon=True).start()

    def _spawn(self, folder: JobFolder, resume: bool) -> "subprocess.Popen[bytes]":
        self._events_before = len(folder.events())
        options = [*(["--resume"] if resume else []), *(["--background"] if self.in_background else [])]
        with folder.log_file.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dlcodegen_core.training.worker", str(folder.path), *options],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._settings.for_a_child(),
                start_new_session=True,  # Ctrl+C is ours to handle; the worker hears of our end through its stdin
            )

    def _watch(self, job_id: str, worker: "subprocess.Popen[bytes]") -> None:
        """Wait for a worker's end, note what it could not record itself, start the next."""
        code = worker.wait()
        _close_stdin(worker)
        if code != 0:
            self._last_words[job_id] = _explain_end(code, self.folder(job_id).log_file)
            logger.warning("Training %s: %s", job_id, self._last_words[job_id])
        with self._lock:
            if all(job_id != queued for queued, _resume in self._queue):
                self._leave_place(job_id)
            self._worker = None
            self._start_next()
        self._on_end()

    def _worker_of(self, job_id: str) -> "subprocess.Popen[bytes] | None":
        with self._lock:
            return self._worker if self._worker is not None and self._working_on == job_id else None


def _close_stdin(worker: "subprocess.Popen[bytes]") -> None:
    if worker.stdin is not None:
        with contextlib.suppress(OSError):
            worker.stdin.close()


def _explain_end(code: int, log_file: Path) -> str:
    """Why a worker ended without an outcome, in a sentence for people."""
    if code < 0:
        return f"The training process was ended from outside (signal {-code}). Resume it, or start it anew."
    lines = _last_lines(log_file)
    return f"The training process ended unexpectedly: {lines[-1] if lines else f'exit status {code}'}"


def _last_lines(log_file: Path) -> Sequence[str]:
    with contextlib.suppress(OSError):
        return [line for line in log_file.read_text("utf-8", "replace").splitlines() if line.strip()][-20:]
    return []
