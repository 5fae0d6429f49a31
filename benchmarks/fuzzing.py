"""Asks every route whatever its schema lets through, and what it does not: `python -m benchmarks.fuzzing --minutes 5`.

A sequence model is trained on packages of this machine's standard library, a real `serve` is started over a home of its
own, and schemathesis makes requests from the OpenAPI document that this server gives. A reply must fit that document,
and no status above 499 is allowed but 503.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving_load import serving, trained_home

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
SETTINGS = """\
[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]
"""
ALL_PHASES = "examples,coverage,fuzzing,stateful"
TRAINING_SECONDS = 10.0
REQUEST_SECONDS = 30
GRACE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Found:
    """operations: that were asked, of so many there are. told: of each failure what happened, and the command that
    shows it again; empty if there was none."""

    requests: int
    asked: int
    operations: int
    failures: int
    told: str


def fuzz(
    address: str, seconds: float | None, seed: int = 0, phases: str = ALL_PHASES, most: int | None = None
) -> Found:
    """Make requests for so long, or, where that is None, `most` of each operation. The same seed makes the same
    requests, as far as time allows.

    Raises RuntimeError if none could be made.
    """
    with tempfile.TemporaryDirectory(prefix="fuzzing-") as folder:
        settings, report = Path(folder) / "settings.toml", Path(folder) / "report.json"
        settings.write_text(SETTINGS, "utf-8")
        command = [
            sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "run", f"{address}/openapi.json",
            "--seed", str(seed), "--phases", phases, "--checks", ",".join(CHECKS), "--continue-on-failure",
            "--no-shrink", "--generation-database", "none", "--no-color", "--warnings", "off",
            "--request-timeout", str(REQUEST_SECONDS), "--report", "json", "--report-json-path", str(report),
            *(["--max-time", str(max(1, round(seconds)))] if seconds is not None else []),
            *(["--max-examples", str(most)] if most is not None else []),
        ]  # fmt: skip
        limit = (seconds or 0) + GRACE_SECONDS
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, cwd=folder)
        if done.returncode not in (0, 1) or not report.is_file():
            said = f"{done.stdout}{done.stderr}"[-4000:]
            raise RuntimeError(f"No requests could be made, status {done.returncode}:\n{said}")
        return _read(json.loads(report.read_text("utf-8")), done.stdout)


def _read(report: dict[str, Any], told: str) -> Found:
    cases, operations = report["test_cases"], report["operations"]
    failures = len(report["failures"]) + len(report["errors"])
    return Found(cases["generated"], operations["tested"], operations["total"], failures, told if failures else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with trained_home(TRAINING_SECONDS) as home, serving(home, 1) as (port, _server):
        found = fuzz(f"http://127.0.0.1:{port}", 60 * options.minutes, options.seed)
    if found.told:
        print(found.told)
    print(
        f"{found.requests:,} requests to {found.asked} of {found.operations} operations in {options.minutes:g} "
        f"minutes, seed {options.seed}: {found.failures} failures"
    )
    return 1 if found.failures else 0


if __name__ == "__main__":
    sys.exit(main())
