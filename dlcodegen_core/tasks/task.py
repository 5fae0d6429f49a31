"""A task's folder: what was asked for, how far it is, and what came out. Knows nothing of what the task does."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlcodegen_core.errors import StorageError
from dlcodegen_core.storage.files import write_json_atomically

TOLD_EVERY_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class TaskState:
    """Where a task stands. `done` of `total` in `unit`s, total 0 while it is not known.

    Once it is over there is a result, or an error in plain words; a task that was called off has neither.
    """

    id: str
    kind: str
    subject: str
    running: bool
    what: str = "starting"
    done: int = 0
    total: int = 0
    error: str = ""
    result: Mapping[str, Any] | None = field(default=None)

    @property
    def share(self) -> float:
        """Of the work, 0..1; 0 while the whole of it is not known."""
        return min(1.0, self.done / self.total) if self.total else 0.0


class TaskFolder:
    """Reading and writing one task's files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._told_at = 0.0

    @property
    def request(self) -> dict[str, Any]:
        """What was asked for. Raises StorageError if the file is damaged."""
        found = self._read("request.json")
        if found is None:
            raise StorageError(f"Task {self.path.name}: its request is missing or damaged. Start it again.")
        return found

    def write_request(self, kind: str, subject: str, options: Mapping[str, Any]) -> None:
        write_json_atomically(self.path / "request.json", {"kind": kind, "subject": subject, "options": dict(options)})

    def tell(self, what: str, done: int, total: int) -> None:
        """Say how far it is, at most some times a second."""
        if time.monotonic() - self._told_at >= TOLD_EVERY_SECONDS:
            self._told_at = time.monotonic()
            write_json_atomically(self.path / "progress.json", {"what": what, "done": done, "total": total})

    def finish(self, result: Mapping[str, Any]) -> None:
        write_json_atomically(self.path / "outcome.json", {"result": dict(result)})

    def fail(self, error: str) -> None:
        write_json_atomically(self.path / "outcome.json", {"error": error})

    def state(self, running: bool, ended_badly: str = "") -> TaskState:
        """Where it stands. ended_badly: what to say if the process is over and left no outcome."""
        asked, told, outcome = (self._read(f"{name}.json") or {} for name in ("request", "progress", "outcome"))
        error = outcome.get("error") or ("" if running or outcome else ended_badly)
        return TaskState(
            id=self.path.name,
            kind=asked.get("kind", ""),
            subject=asked.get("subject", ""),
            running=running and not outcome,
            what=told.get("what", "starting"),
            done=told.get("done", 0),
            total=told.get("total", 0),
            error=error,
            result=outcome.get("result"),
        )

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            found = json.loads((self.path / name).read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None
