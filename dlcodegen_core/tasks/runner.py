"""Starts tasks, each in a process of its own, and knows how far they are. They end with the process that asked."""

import contextlib
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlcodegen_core.config import Settings
from dlcodegen_core.errors import WorkbenchError
from dlcodegen_core.storage.files import disk_errors
from dlcodegen_core.tasks.task import TaskFolder, TaskState

AT_ONCE = 3
KEPT_SECONDS = 24 * 3600
CALLED_OFF_WITHIN_SECONDS = 10


class TaskRunner:
    """Thread-safe. A task's id may come from a page's address, so only ids that were given out are known."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._asked: dict[str, tuple[str, str]] = {}  # kind and subject, in the order of their start
        self._called_off: set[str] = set()

    def start(self, kind: str, subject: str, options: Mapping[str, Any], files: Path | None = None) -> str:
        """Start a task and return its id. files: a folder that becomes the task's own, under the name `files`.

        Raises WorkbenchError while the same is at work already or too many others are, StorageError if the disk
        refuses.
        """
        with self._lock:
            at_work = [self._asked[task] for task, worker in self._workers.items() if worker.poll() is None]
            if (kind, subject) in at_work:
                raise WorkbenchError(f"{subject}: this is at work already. Wait for it, or stop it.")
            if len(at_work) >= AT_ONCE:
                raise WorkbenchError(f"{AT_ONCE} tasks are at work. Wait for one of them, or stop one.")
            task = uuid.uuid4().hex
            folder = self.folder(task)
            with disk_errors("The task"):
                self._tidy()
                folder.path.mkdir(parents=True)
                if files is not None:
                    files.rename(folder.path / "files")
                folder.write_request(kind, subject, options)
                with (folder.path / "worker.log").open("wb") as log:
                    self._workers[task] = subprocess.Popen(
                        [sys.executable, "-m", "dlcodegen_core.tasks.worker", str(folder.path)],
                        env=self._settings.for_a_child(),
                        stdin=subprocess.PIPE,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,  # Ctrl+C is ours to handle; it hears of our end through its stdin
                    )
            self._asked[task] = (kind, subject)
            return task

    def state(self, task: str) -> TaskState | None:
        """Where a task stands, None for one that is not known here."""
        with self._lock:
            worker = self._workers.get(task)
            called_off = task in self._called_off
        if worker is None:
            return None
        code = worker.poll()
        if code is not None:
            _close_stdin(worker)
        told = "" if called_off else "It was ended from outside, or met an error of ours. Start it again."
        return self.folder(task).state(running=code is None, ended_badly=told)

    def latest(self, kind: str, subject: str | None = None) -> TaskState | None:
        """The task of this kind, and about this subject, that was started last."""
        with self._lock:
            found = [task for task, asked in self._asked.items() if asked[0] == kind and subject in (None, asked[1])]
        return self.state(found[-1]) if found else None

    def cancel(self, task: str) -> None:
        """Call a task off: it clears away what it has begun. Does nothing if it is over."""
        with self._lock:
            worker = self._workers.get(task)
            if worker is not None and worker.poll() is None:
                self._called_off.add(task)
        if worker is None:
            return
        if worker.poll() is None:
            worker.terminate()
            try:
                worker.wait(CALLED_OFF_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
        _close_stdin(worker)

    def forget(self, task: str) -> None:
        """Remove a task that is over, with its files."""
        with self._lock:
            worker = self._workers.get(task)
            if worker is None or worker.poll() is None:
                return
            del self._workers[task], self._asked[task]
        _close_stdin(worker)
        shutil.rmtree(self.folder(task).path, ignore_errors=True)

    def folder(self, task: str) -> TaskFolder:
        return TaskFolder(self._settings.tasks_folder / task)

    def close(self) -> None:
        """Call off all that is at work."""
        for task in list(self._workers):
            self.cancel(task)

    def _tidy(self) -> None:
        """Remove tasks of earlier days; a clone or an upload may lie in them."""
        before = time.time() - KEPT_SECONDS
        with contextlib.suppress(FileNotFoundError):
            for path in self._settings.tasks_folder.iterdir():
                if path.name not in self._workers and path.stat().st_mtime < before:
                    shutil.rmtree(path, ignore_errors=True)


def _close_stdin(worker: "subprocess.Popen[bytes]") -> None:
    if worker.stdin is not None:
        with contextlib.suppress(OSError):
            worker.stdin.close()
