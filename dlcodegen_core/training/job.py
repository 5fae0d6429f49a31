"""One training job as a folder, so that any process can watch it and nothing is lost when one dies.

request.json      what to train on, with which configuration
events.jsonl      what happened so far, one event a line, appended by the worker alone
control           what the person wants: stop or discard
checkpoint.safetensors
queued.lock       held by the process in whose queue the job waits
alive.lock        held by the worker as long as it lives; the operating system lets go of both however a process ends
worker.log        what the worker said on stderr
"""

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from typing import IO, Any

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.errors import TrainingError
from dlcodegen_core.storage.files import write_atomically, write_json_atomically
from dlcodegen_core.storage.locks import lock_file
from dlcodegen_core.training.events import Discarded, Event, Failed, Finished, Started, Waiting, from_line

# Whoever looks whether a job is queued holds its lock for that moment.
TRIES_FOR_A_PLACE = 10
LOOK_SECONDS = 0.01


class JobStatus(Enum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    DISCARDED = "discarded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def is_over(self) -> bool:
        return self not in (JobStatus.QUEUED, JobStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """What to train on: a revision of a stored dataset, the copy of a dataset file in the job's folder, or, if
    `folder` is given, the source in that folder.

    parent: a version to fine-tune; the stored dataset is then what people accepted and corrected.
    """

    dataset: str
    revision: int | None
    config: TrainConfig = field(default_factory=TrainConfig)
    name: str = ""
    folder: str = ""
    parent: str = ""

    def __post_init__(self) -> None:
        # A file's name, or an argument, need not be Unicode; JSON and the pages take nothing else.
        for field_name in ("dataset", "name"):
            text = getattr(self, field_name).encode("utf-8", "replace").decode()
            object.__setattr__(self, field_name, text)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "TrainRequest":
        return cls(**{**value, "config": TrainConfig.from_json(value["config"])})


class JobFolder:
    """Reading and writing one job. Holds no state but its path and how far the events were read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._events: list[Event] = []
        self._read_bytes = 0
        self._reading = threading.Lock()

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint.safetensors"

    @property
    def dataset_file(self) -> Path:
        """The copy of a dataset file, under the suffix that tells its format."""
        return next(self.path.glob("dataset.*"), self.path / "dataset.json")

    @property
    def log_file(self) -> Path:
        return self.path / "worker.log"

    @property
    def request(self) -> TrainRequest:
        """What was asked for. Raises TrainingError if the file is damaged."""
        try:
            return TrainRequest.from_json(json.loads((self.path / "request.json").read_text("utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise TrainingError(f"Training {self.id}: its request.json is missing or damaged. Start it anew.") from exc

    def write_request(self, request: TrainRequest) -> None:
        """Raises StorageError."""
        write_json_atomically(self.path / "request.json", request.to_json())

    def events(self) -> Sequence[Event]:
        """Everything that happened so far; only what is new is read from the disk. Thread-safe."""
        with self._reading:
            try:
                with (self.path / "events.jsonl").open("rb") as file:
                    file.seek(self._read_bytes)
                    for line in file:
                        if not line.endswith(b"\n"):
                            break  # being written right now
                        self._read_bytes += len(line)
                        if event := from_line(line.decode("utf-8", "replace")):
                            self._events.append(event)
            except FileNotFoundError:
                return ()
            return list(self._events)

    def open_events(self) -> IO[str]:
        """For the worker: append events, line by line. A line cut short by a crash is ended first."""
        path = self.path / "events.jsonl"
        cut_short = path.exists() and path.stat().st_size and path.read_bytes()[-1:] != b"\n"
        file = path.open("a", buffering=1, encoding="utf-8")
        if cut_short:
            file.write("\n")
        return file

    def wish(self) -> str:
        """What the person wants: "", "stop" or "discard"."""
        try:
            return (self.path / "control").read_text()
        except FileNotFoundError:
            return ""

    def set_wish(self, wish: str) -> None:
        """Tell the worker to stop or discard; "" takes it back. Raises StorageError."""
        if wish:
            write_atomically(self.path / "control", wish.encode())
        else:
            (self.path / "control").unlink(missing_ok=True)

    def lock_alive(self) -> IO[bytes] | None:
        """For the worker: hold the job until the process ends, or None if another worker holds it."""
        return lock_file(self.path / "alive.lock")

    def is_alive(self) -> bool:
        """Whether a worker, of whichever process, holds the job."""
        return _is_held(self.path / "alive.lock")

    def lock_queued(self) -> IO[bytes] | None:
        """For the process in whose queue the job waits: hold its place, or None if it waits elsewhere already."""
        for _try in range(TRIES_FOR_A_PLACE):
            if (place := lock_file(self.path / "queued.lock")) is not None:
                return place
            time.sleep(LOOK_SECONDS)
        return None

    def is_queued(self) -> bool:
        """Whether the job waits in the queue of some process."""
        return _is_held(self.path / "queued.lock")

    def status(self) -> JobStatus:
        """Where the job stands as its files tell it, in whichever process it waits or runs.

        One that waits to be resumed shows as it ended before, unless it was interrupted.
        """
        status = _status_of(self.events())
        if status is JobStatus.RUNNING and not self.is_alive():
            # The worker may have ended between the two looks.
            status = _status_of(self.events())
            if status is JobStatus.RUNNING:
                return JobStatus.QUEUED if self.is_queued() else JobStatus.INTERRUPTED
        return status

    def can_resume(self) -> bool:
        """Whether there is a checkpoint to go on from and nobody at work on it."""
        over = self.status() in (JobStatus.STOPPED, JobStatus.INTERRUPTED, JobStatus.FAILED)
        return over and self.checkpoint.exists()


def _is_held(lock: Path) -> bool:
    if not lock.exists():
        return False
    held = lock_file(lock)
    if held is None:
        return True
    held.close()
    return False


def _status_of(events: Sequence[Event]) -> JobStatus:
    for event in reversed(events):
        if isinstance(event, Finished):
            return JobStatus.STOPPED if event.stopped else JobStatus.FINISHED
        if isinstance(event, Discarded):
            return JobStatus.DISCARDED
        if isinstance(event, Failed):
            return JobStatus.FAILED
        if isinstance(event, Started | Waiting):
            break
    return JobStatus.RUNNING
