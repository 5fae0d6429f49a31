"""Numbers of several processes in one folder: each counts, any tells of all, and the dead are not at work."""

import os
import subprocess
import sys
from pathlib import Path

from dlcodegen_core.config import Settings

WORKER = """
import sys
from dlcodegen_core import DLCodeGen
from dlcodegen_core.serving import metrics
metrics.count_request("/predict", "POST", 200)
metrics.count_request("/predict", "BREW" * 9, 200)
metrics.note_load(2, 5)
if "tell" in sys.argv:
    sys.stdout.buffer.write(metrics.page(DLCodeGen.get_instance()))
"""


def _run(home: Path, folder: Path, *arguments: str) -> str:
    environment = {**Settings(home=home, embedder="local").for_a_child(), "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", WORKER, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def test_a_worker_tells_of_all_workers_and_not_of_the_load_of_those_that_are_gone(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    _run(tmp_path / "home", folder)
    told = _run(tmp_path / "home", folder, "tell")
    assert 'dlcodegen_http_requests_total{method="POST",route="/predict",status="200"} 2.0' in told
    assert 'dlcodegen_http_requests_total{method="other",route="/predict",status="200"} 2.0' in told
    assert "dlcodegen_queue_length 5.0" in told
    assert "dlcodegen_requests_in_flight 2.0" in told


def test_workers_share_an_empty_folder(tmp_path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from dlcodegen_core.serving import metrics
metrics.share_between_workers(Path(sys.argv[1]))
print(os.environ["PROMETHEUS_MULTIPROC_DIR"], *os.listdir(sys.argv[1]))
"""
    folder = tmp_path / "metrics"
    folder.mkdir()
    (folder / "counter_1.db").write_bytes(b"of yesterday")
    environment = {**os.environ, **Settings(home=tmp_path).for_a_child()}
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == [str(folder)]
