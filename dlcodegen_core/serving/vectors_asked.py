"""Feature vectors over HTTP: training on those that a client sends, and asking a model with one.

`modelPath` is the design document's: it names where such a model is kept. Here its last part is the name of a folder
under the home folder's own for these models; nothing else can be written or read through it.
"""

import asyncio
import re
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.errors import RequestError, TrainingError
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models.saved_model import CARD_FILE, load_forward_pass
from dlcodegen_core.models.vocabulary import SPECIAL, UNKNOWN
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.serving.training_asked import read_config
from dlcodegen_core.storage.files import write_atomically
from dlcodegen_core.tasks.kinds import VECTORS, VECTORS_FILE

if TYPE_CHECKING:
    from dlcodegen_core.models.forward_pass import ForwardPass

DEFAULT_NAME = "dl-model"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
MAX_SAMPLES = 20_000
MAX_CLASSES = 10_000
LOOK_SECONDS = 0.1
KNOWN = ("features", "dataset", "labels", "completions", "modelPath", "config")


@dataclass(frozen=True, slots=True, eq=False)
class VectorsAsked:
    """features: (samples, 544). targets: of each sample; tokens: the classes in their order, of which targets are."""

    features: NDArray[np.float32]
    targets: tuple[str, ...]
    tokens: tuple[str, ...]
    config: TrainConfig
    name: str


def read_vectors(body: Mapping[str, Any], home: Path) -> VectorsAsked:
    """`{features or dataset, labels or completions, config, modelPath}`. Raises RequestError."""
    if unknown := sorted(set(body) - set(KNOWN)):
        raise RequestError(f"Unknown: {', '.join(unknown)}. Known: {', '.join(KNOWN)}.")
    rows = body.get("features", body.get("dataset"))
    if not isinstance(rows, list) or not 2 <= len(rows) <= MAX_SAMPLES:
        raise RequestError(f"features is no list of 2 to {MAX_SAMPLES:,} vectors of {DIMENSIONS} numbers each.")
    features = np.stack([_vector(row, f"features, row {number}") for number, row in enumerate(rows)])
    targets, tokens = _targets(body, len(rows))
    return VectorsAsked(features, targets, tokens, read_config(body.get("config")), model_name(body, home))


def model_name(body: Mapping[str, Any], home: Path) -> str:
    """The name that `modelPath` gives. Raises RequestError for a path that leads out of the home folder."""
    given = body.get("modelPath", DEFAULT_NAME)
    name = given.replace("\\", "/").rsplit("/", 1)[-1] if isinstance(given, str) else ""
    if not NAME.fullmatch(name):
        raise RequestError("modelPath is no path with a name of letters, digits, dots, dashes and underscores.")
    if ".." in Path(given).parts or (Path(given).is_absolute() and not Path(given).is_relative_to(home)):
        raise RequestError("modelPath leads out of the home folder. Give a name alone, such as dl-model.")
    return name


async def train(service: DLCodeGen, asked: VectorsAsked) -> dict[str, Any]:
    """Train in a process of its own and wait for it. Raises TrainingError, StorageError, or WorkbenchError while too
    much else is at work.
    """
    options = {
        "targets": asked.targets,
        "tokens": asked.tokens,
        "config": asked.config.to_json(),
        "name": asked.name,
    }
    task = await asyncio.to_thread(_start, service, asked, options)
    try:
        while (state := await asyncio.to_thread(service.tasks.state, task)) is not None and state.running:
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await asyncio.to_thread(service.tasks.cancel, task)  # no effect on one that is over
    await asyncio.to_thread(service.tasks.forget, task)
    if state is None or state.result is None:
        raise TrainingError(state.error if state else "The training was lost. Start it again.")
    return {**state.result, "modelPath": asked.name, "completions": list(asked.tokens)}


def answer(service: DLCodeGen, body: Mapping[str, Any]) -> dict[str, Any]:
    """`{features, version or modelPath}` -> `{completion_idx, confidence, completion, …}`.

    completion_idx: of a version the number of the output class, 1 being the end of the completion; of a model of
    vectors the label, or the place among the completions. Raises RequestError, ModelError or EmbeddingError.
    """
    if unknown := sorted(set(body) - {"features", "version", "modelPath"}):
        raise RequestError(f"Unknown: {', '.join(unknown)}. Known: features, version, modelPath.")
    features = _vector(body.get("features"), "features")
    version = body.get("version")
    if version is not None and not isinstance(version, str):
        raise RequestError("version is no text. Give a version's name, or leave it out.")
    home = service.settings.home
    # The design document's clients always send a path; where nothing was trained under it, production answers.
    folder = service.settings.vector_models_folder / model_name(body, home)
    if version is None and (folder / CARD_FILE).is_file():
        network, tokens = _loaded(folder, (folder / CARD_FILE).stat().st_mtime_ns)
        chances = _chances(network, features)[len(SPECIAL) :]
        place = int(chances.argmax())
        return _told(place, chances[place], tokens[place], {"modelPath": folder.name})
    chosen = service.versions.resolve(version)
    if service.versions.card(chosen).is_sequence:
        raise RequestError(f"{chosen} is a sequence model, which reads no features. Name a version of DeepCodeNet.")
    model = service.predictor.model(chosen)
    chances = _chances(model.network, features)  # type: ignore[union-attr]  # only a sequence model has none
    chances[UNKNOWN] = 0  # learned, and never offered
    place = int(chances.argmax())
    return _told(place, chances[place], model.vocabulary.text_of(place), {"version": chosen})  # type: ignore[union-attr]


def _told(place: int, chance: float, text: str, of_whom: dict[str, str]) -> dict[str, Any]:
    return {"completion_idx": place, "confidence": float(chance), "completion": text, **of_whom}


def _chances(network: "ForwardPass", features: NDArray[np.float32]) -> NDArray[np.float32]:
    chances: NDArray[np.float32] = np.exp(network.log_probabilities(features[None]))[0]
    return chances


@lru_cache(maxsize=3)
def _loaded(folder: Path, _changed: int) -> "tuple[ForwardPass, tuple[str, ...]]":
    card, network = load_forward_pass(folder)
    return network, card.tokens


def _start(service: DLCodeGen, asked: VectorsAsked, options: Mapping[str, Any]) -> str:
    from safetensors.numpy import save

    files = service.settings.uploads_folder / uuid.uuid4().hex
    write_atomically(files / VECTORS_FILE, save({"features": np.ascontiguousarray(asked.features)}))
    try:
        return service.tasks.start(VECTORS, asked.name, options, files)
    finally:
        shutil.rmtree(files, ignore_errors=True)  # still there only if the task was refused


def _vector(row: object, what: str) -> NDArray[np.float32]:
    """Raises RequestError for anything but 544 finite numbers."""
    try:
        numbers = isinstance(row, list) and not any(isinstance(number, bool | str | None) for number in row)
        vector = np.array(row if numbers else [], np.float32)
        fits = vector.shape == (DIMENSIONS,) and bool(np.isfinite(vector).all())
    except (ValueError, TypeError, OverflowError):
        fits = False
    if not fits:
        raise RequestError(f"{what}: this is no list of {DIMENSIONS} numbers.")
    return vector


def _targets(body: Mapping[str, Any], samples: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What follows each sample, and all the classes in their order: labels count from 0, completions as they come."""
    labels, completions = body.get("labels"), body.get("completions")
    if (labels is None) == (completions is None):
        raise RequestError("Give either labels, whole numbers from 0, or completions, texts: one for each vector.")
    given = completions if labels is None else labels
    if not isinstance(given, list) or len(given) != samples:
        raise RequestError(f"There are {samples} vectors, but not as many labels or completions.")
    if labels is None:
        if not all(isinstance(text, str) and text for text in given):
            raise RequestError("A completion is empty, or no text.")
        return tuple(given), tuple(dict.fromkeys(given))
    if not all(isinstance(label, int) and not isinstance(label, bool) and 0 <= label < MAX_CLASSES for label in given):
        raise RequestError(f"A label is no whole number from 0 to {MAX_CLASSES - 1}.")
    return tuple(map(str, given)), tuple(map(str, range(max(given) + 1)))
