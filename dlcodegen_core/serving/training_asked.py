"""Reads what a client wants trained: a stored dataset or a path inside the home folder, and a configuration.

Knows the design document's names of the options beside ours. Starts nothing but the job.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.data.formats import read_dataset_file
from dlcodegen_core.errors import ConfigError, DatasetError, RequestError
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.training.job import TrainRequest

# The design document's names -> ours.
DESIGN_NAMES = {
    "hiddenLayers": "hidden_layers",
    "lr": "learning_rate",
    "batchSize": "batch_size",
    "learningRate": "learning_rate",
}
EMBEDDING_DIM = "embeddingDim"  # also there, and the same for every model here
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class TrainingAsked:
    """dataset: the name of a stored one, or a path. version_name: what the version is to be called."""

    dataset: str
    config: TrainConfig
    version_name: str = ""


def read_training(body: Mapping[str, Any]) -> TrainingAsked:
    """`{dataset or datasetPath, config, name}`. Raises RequestError."""
    known = {"dataset", "datasetPath", "config", "name", "wait"}
    if unknown := sorted(set(body) - known):
        raise RequestError(f"Unknown: {', '.join(unknown)}. Known: {', '.join(sorted(known))}.")
    dataset, name = body.get("dataset", body.get("datasetPath")), body.get("name", "")
    if not isinstance(dataset, str) or not dataset.strip() or "\0" in dataset:
        raise RequestError("dataset is missing. Give the name of a stored dataset, or a path inside the home folder.")
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        raise RequestError(f"name is no text, or longer than {LONGEST_NAME} characters. Leave it out, or shorten it.")
    return TrainingAsked(dataset, read_config(body.get("config")), name)


def read_config(given: object) -> TrainConfig:
    """A configuration under our names or the design document's. Raises RequestError."""
    if given is None:
        return TrainConfig()
    if not isinstance(given, dict):
        raise RequestError('config is no JSON object. Give one such as {"epochs": 50}, or leave it out.')
    options = {str(DESIGN_NAMES.get(name, name)): value for name, value in given.items() if name != EMBEDDING_DIM}
    defaults = TrainConfig.sequence() if options.get("model") == "sequence" else TrainConfig()
    try:
        return TrainConfig.from_json({**defaults.to_json(), **options})
    except ConfigError as exc:
        raise RequestError(str(exc)) from exc


def start_training(service: DLCodeGen, asked: TrainingAsked) -> str:
    """Queue the training; the job's id. Raises RequestError, DatasetError or StorageError."""
    if asked.dataset in {info.name for info in service.datasets.infos()}:
        return service.start_training(asked.dataset, asked.config, asked.version_name)
    path = inside_home(service.settings.home, asked.dataset)
    try:
        if path.is_dir():
            return service.start_folder_training(path, asked.config, asked.version_name)
        read_dataset_file(path)  # a bad file is refused here, where somebody still listens
    except DatasetError as exc:
        raise RequestError(str(exc).replace(f"{service.settings.home}/", "")) from exc
    return service.jobs.submit(TrainRequest(path.stem, None, asked.config, asked.version_name), path)


def inside_home(home: Path, given: str) -> Path:
    """Where a path from outside lies, links followed. Raises RequestError if that is not inside the home folder."""
    refused = RequestError(
        f"{given!r} is neither a stored dataset nor a path inside the home folder. Import it on the Dataset page "
        "first, or put it there."
    )
    try:
        path = (home / given).resolve()
        there = path.is_relative_to(home.resolve()) and path.exists()
    except (OSError, ValueError, RuntimeError) as exc:
        raise refused from exc
    if not there or path == home.resolve():
        raise refused
    return path
