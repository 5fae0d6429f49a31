"""A small sequence model, really trained, for the tests that need one."""

import json
import shutil
from pathlib import Path

from dlcodegen_core import DLCodeGen, TrainConfig

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
