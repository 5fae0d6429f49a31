"""A small sequence model, really trained, for the tests that need one.

Training one and measuring it takes most of a minute on a busy machine, so it is done once for all test processes; who
changes anything works on a copy.
"""

import json
import os
import shutil
from pathlib import Path

import pytest

from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.storage.locks import lock_file

FOLDER = Path(json.__file__).parents[1]
PACKAGES = ("json", "email", "logging", "html", "http")
SECONDS = 4.0


def copy_source(target: Path) -> Path:
    """Some packages of the standard library as a project of its own."""
    for package in PACKAGES:
        shutil.copytree(FOLDER / package, target / package, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def train(service: DLCodeGen, folder: Path) -> str:
    """Train for a few seconds and return the version."""
    return service.train(folder, TrainConfig.sequence(seconds=SECONDS, vocabulary_size=1024, held_out=0.2)).version


def shared_lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `project`, `home`, a sequence model v1 trained on it, and its report. Only to be read."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # that of all workers of this run
    folder = root / "shared-lines"
    lock = lock_file(root / "shared-lines.lock", wait=True)
    assert lock is not None  # it waits
    with lock:
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            service = DLCodeGen(Settings(home=folder / "home", embedder="local"))
            version = train(service, copy_source(folder / "project"))
            service.evaluator.make_report(version, lambda what, share: None, cases=12, tokens=200)
            service.close()
            (folder / "ready").touch()
    return folder


def own_lines(shared: Path, target: Path) -> Path:
    """A copy of what `shared_lines` gives, whose model knows the copied project as its source."""
    shutil.copytree(shared, target)
    for card in (target / "home" / "versions").glob("v*/model.json"):
        card.write_text(card.read_text("utf-8").replace(str(shared), str(target)), "utf-8")
    return target
