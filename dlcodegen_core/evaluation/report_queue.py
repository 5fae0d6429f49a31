"""Starts the process that makes a report, and knows how far it is; one at a time."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass

from dlcodegen_core.config import Settings
from dlcodegen_core.errors import WorkbenchError


@dataclass(frozen=True, slots=True)
class ReportState:
    """What is being done and the share that is done, 0..1; or the error that ended it, empty while all is well."""

    version: str
    what: str
    share: float
    error: str = ""


class ReportQueue:
    """Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._worker: subprocess.Popen[bytes] | None = None
        self._version = ""

    def start(self, version: str) -> None:
        """Make the report of a version. Raises WorkbenchError while another one is being made."""
        with self._lock:
            if self._worker is not None and self._worker.poll() is None:
                raise WorkbenchError(f"The report of {self._version} is being made. Wait for it, or stop it.")
            (self._settings.reports_folder / f"{version}.progress.json").unlink(missing_ok=True)
            self._version = version
            self._worker = subprocess.Popen(
                [sys.executable, "-m", "dlcodegen_core.report_worker", version],
                env={**os.environ, **self._settings.to_environment()},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def state(self) -> ReportState | None:
        """Of the report being made, or of the latest that ended with an error; None if there is nothing to tell."""
        with self._lock:
            if self._worker is None:
                return None
            running = self._worker.poll() is None
            version = self._version
        try:
            value = json.loads((self._settings.reports_folder / f"{version}.progress.json").read_bytes())
        except (OSError, ValueError):
            value = {}
        if not running:
            broken = "" if self._worker.returncode == 0 else value.get("error") or "It was ended from outside."
            return ReportState(version, "", 1.0, broken) if broken else None
        return ReportState(version, value.get("what", "starting"), float(value.get("share", 0.0)))

    @property
    def busy(self) -> bool:
        return self._worker is not None and self._worker.poll() is None

    def close(self) -> None:
        """End a process that is at work."""
        with self._lock:
            if self._worker is not None and self._worker.poll() is None:
                self._worker.terminate()
                self._worker.wait()
