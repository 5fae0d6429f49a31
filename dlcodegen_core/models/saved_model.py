"""A trained model on disk: a folder with weights (safetensors) and everything else (JSON). Never unpickled.

    model.safetensors               the state dict of DeepCodeNet
    model.json                      config, vocabulary, keywords, embedder, metrics, curves, data fingerprint, sha256 of
                                    the other files
    training_features.safetensors   how the 544 numbers are spread over the training samples; older versions have none

The folder is written whole or not at all. Loading checks every part and names the one that is wrong.
"""

import contextlib
import hashlib
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.errors import ConfigError, ModelError, StorageError
from dlcodegen_core.features.keywords import KeywordVectorizer
from dlcodegen_core.models.forward_pass import ForwardPass
from dlcodegen_core.models.temperature import temperature_of
from dlcodegen_core.models.training_features import TrainingFeatures
from dlcodegen_core.models.version_folders import new_version
from dlcodegen_core.models.vocabulary import Vocabulary
from dlcodegen_core.storage.files import write_atomically, write_json_atomically

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from dlcodegen_core.models.deepcodenet import DeepCodeNet
    from dlcodegen_core.models.sequence.calibration import Calibration
    from dlcodegen_core.models.sequence.saved_sequence import Start
    from dlcodegen_core.models.sequence.sequence_model import SequenceModel

FORMAT = 1
WEIGHTS_FILE = "model.safetensors"
CARD_FILE = "model.json"
TRAINING_FEATURES_FILE = "training_features.safetensors"
# The card's entries with the sha256 of the files beside it.
DIGEST_ENTRIES = {WEIGHTS_FILE: "weights_sha256", TRAINING_FEATURES_FILE: "training_features_sha256"}
# What cards of earlier versions lack, and what it counts as.
LATER_ENTRIES: Mapping[str, Any] = {"source_folder": "", "code_version": "", "parent": "", "tuning": {}, "origin": ""}
MAX_CARD_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class ModelCard:
    """All that is known of a trained model but its weights.

    metrics: see TrainMetrics. curves: one record an epoch. source_folder: what it learned from, if a folder.
    embedder: the identity whose vectors it was trained on. code_version: of this program, when it was trained.
    parent: the version it was fine-tuned from. tuning: what it was fine-tuned on and how it compares with its parent.
    origin: where it was imported from. Versions saved before have none of these four.
    """

    version: str
    name: str
    created_at: str
    dataset: str
    dataset_revision: int | None
    dataset_fingerprint: str
    pairs: int
    samples: int
    config: TrainConfig
    embedder: str
    embedder_title: str
    tokens: tuple[str, ...]
    keyword_terms: tuple[str, ...]
    keyword_idf: tuple[float, ...]
    metrics: Mapping[str, Any]
    curves: tuple[Mapping[str, Any], ...] = ()
    source_folder: str = ""
    code_version: str = ""
    parent: str = ""
    tuning: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""

    @property
    def is_sequence(self) -> bool:
        """Whether it is a sequence model, which brings its own tokenizer and needs no embedder."""
        return self.config.model == "sequence"

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.tokens)

    @property
    def keywords(self) -> KeywordVectorizer:
        return KeywordVectorizer(self.keyword_terms, self.keyword_idf)


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file of a version; sha256 is what the card says it must be, empty for the card itself."""

    name: str
    size_bytes: int
    sha256: str


def save_model(
    folder: Path,
    card: ModelCard,
    weights: "Mapping[str, Tensor]",
    training_features: TrainingFeatures | None = None,
) -> None:
    """Write the model into a new `folder`, whole or not at all. Raises StorageError."""
    from safetensors.numpy import save as save_numpy
    from safetensors.torch import save

    files = {WEIGHTS_FILE: save(_contiguous(weights))}
    if training_features:
        files[TRAINING_FEATURES_FILE] = save_numpy(training_features.as_arrays())
    _write(folder, card, files)


def save_arrays(folder: Path, card: ModelCard, arrays: Mapping[str, "NDArray[np.generic]"]) -> None:
    """Write a sequence model into a new `folder`, whole or not at all. Raises StorageError."""
    from safetensors.numpy import save

    _write(folder, card, {WEIGHTS_FILE: save(dict(arrays))})


def load_sequence(folder: Path, runtime: str = "numpy") -> "tuple[ModelCard, SequenceModel, Calibration]":
    """Read the sequence model in `folder`. runtime: numpy or onnx, see `Settings`.

    Raises ModelError if anything is missing, damaged or foreign.
    """
    from safetensors.numpy import load

    from dlcodegen_core.models.sequence.saved_sequence import from_arrays

    card, content = _read_checked(folder)
    with _tensors_fit(folder):
        return card, *from_arrays(load(content), runtime)


def load_start(folder: Path) -> "Start":
    """What a training can start from, of the sequence model in `folder`. Raises ModelError as `load_sequence` does."""
    from safetensors.numpy import load

    from dlcodegen_core.models.sequence.saved_sequence import start_of

    _card, content = _read_checked(folder)
    with _tensors_fit(folder):
        return start_of(load(content))


def load_card(folder: Path) -> ModelCard:
    """Read what is known of the model in `folder`, without its weights. Raises ModelError."""
    return _read_card(folder)[0]


def files_of(folder: Path) -> tuple[SavedFile, ...]:
    """The files of the model in `folder`, its card first. Raises ModelError if one is missing."""
    digests = {CARD_FILE: "", **_read_card(folder)[1]}
    try:
        return tuple(SavedFile(name, (folder / name).stat().st_size, digest) for name, digest in digests.items())
    except OSError as exc:
        raise _damaged(folder, Path(exc.filename).name, "it is missing") from exc


def card_content(folder: Path, **changes: Any) -> bytes:
    """The card of the model in `folder` with some entries changed, as its file holds it. Raises ModelError."""
    card, digests = _read_card(folder)
    vouched = {DIGEST_ENTRIES[name]: digest for name, digest in digests.items()}
    value = {"format": FORMAT, **vouched, **asdict(replace(card, **changes))}
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False).encode()


def load_model(folder: Path) -> "tuple[ModelCard, DeepCodeNet]":
    """Read the model in `folder` as a PyTorch network in evaluation mode.

    Raises ModelError if anything is missing, damaged or foreign.
    """
    from safetensors.torch import load

    from dlcodegen_core.models.deepcodenet import DeepCodeNet

    card, content = _read_checked(folder)
    network = DeepCodeNet(len(card.vocabulary), card.config.hidden_layers, card.config.dropout)
    with _tensors_fit(folder):
        network.load_state_dict(load(content))
    return card, network.eval()


def load_forward_pass(folder: Path, runtime: str = "numpy") -> tuple[ModelCard, ForwardPass]:
    """Read the model in `folder`, ready to answer without PyTorch. runtime: numpy or onnx, see `Settings`.

    Raises ModelError as `load_model` does.
    """
    from safetensors.numpy import load

    card, content = _read_checked(folder)
    with _tensors_fit(folder):
        temperature = temperature_of(card.metrics)
        network = ForwardPass(load(content), card.config.hidden_layers, len(card.vocabulary), temperature)
    if runtime == "onnx":
        from dlcodegen_core.models.onnx_forward_pass import OnnxForwardPass

        network = OnnxForwardPass(network)
    return card, network


def load_training_features(folder: Path) -> TrainingFeatures | None:
    """How the features of the model in `folder` were spread when it was trained; None for versions without the record.

    Raises ModelError if the record is missing, damaged or foreign.
    """
    from safetensors.numpy import load

    _card, digests = _read_card(folder)
    if TRAINING_FEATURES_FILE not in digests:
        return None
    content = _read_sealed(folder, TRAINING_FEATURES_FILE, digests)
    with _tensors_fit(folder, TRAINING_FEATURES_FILE, "it does not hold the spread of the training features"):
        return TrainingFeatures.from_arrays(load(content))


def export_weights(folder: Path, file_format: str, out: Path) -> None:
    """Write the weights of the model in `folder` as `safetensors` or as a `.pt` state dict.

    Raises ModelError or StorageError.
    """
    card, content = _read_checked(folder)
    # A file whose tensors do not fit is not passed on.
    _checked = load_sequence(folder) if card.is_sequence else load_model(folder)
    if file_format == "pt":
        import torch
        from safetensors.torch import load

        buffer = io.BytesIO()
        torch.save(load(content), buffer)
        content = buffer.getvalue()
    elif file_format != "safetensors":
        raise ModelError(f"Models cannot be exported as {file_format!r}. Choose safetensors or pt.")
    if out.is_dir():
        raise StorageError(f"{out} is a folder. Give the name of the file to write.")
    write_atomically(out, content)


def _read_checked(folder: Path) -> tuple[ModelCard, bytes]:
    """The card and the weights' bytes, which are what was saved."""
    card, digests = _read_card(folder)
    return card, _read_sealed(folder, WEIGHTS_FILE, digests)


def _read_sealed(folder: Path, file: str, digests: Mapping[str, str]) -> bytes:
    """The bytes of a file, which are what was saved."""
    content = _read(folder / file, folder)
    if hashlib.sha256(content).hexdigest() != digests.get(file):
        raise _damaged(folder, file, "its content is not what was saved")
    return content


def _write(folder: Path, card: ModelCard, files: Mapping[str, bytes]) -> None:
    """A new folder with the files, and the card that vouches for them."""
    with new_version(folder) as temporary:
        for name, content in files.items():
            (temporary / name).write_bytes(content)
        digests = {DIGEST_ENTRIES[name]: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        write_json_atomically(temporary / CARD_FILE, {"format": FORMAT, **digests, **asdict(card)})


@contextlib.contextmanager
def _tensors_fit(
    folder: Path, file: str = WEIGHTS_FILE, otherwise: str = "its tensors do not fit the network described beside it"
) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    except (SafetensorError, RuntimeError, ValueError, KeyError) as exc:
        raise _damaged(folder, file, otherwise) from exc


def _read_card(folder: Path) -> tuple[ModelCard, dict[str, str]]:
    """The card, and the sha256 that each file beside it must have, by the file's name."""
    content = _read(folder / CARD_FILE, folder)
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as exc:
        raise _damaged(folder, CARD_FILE, "it is not JSON") from exc
    if not isinstance(value, dict):
        raise _damaged(folder, CARD_FILE, "it is not a JSON object")
    if value.pop("format", None) != FORMAT:
        raise ModelError(
            f"Model {folder.name} was saved by another version of this program. "
            "Open it with that version, or train it again."
        )
    digests = {file: str(value.pop(entry)) for file, entry in DIGEST_ENTRIES.items() if entry in value}
    for entry, default in LATER_ENTRIES.items():
        value.setdefault(entry, default)
    known = {each.name for each in fields(ModelCard)}
    if set(value) != known:
        wrong = sorted(set(value) ^ known)
        raise _damaged(folder, CARD_FILE, f"it lacks or has unknown entries: {', '.join(wrong)}")
    try:
        card = ModelCard(
            **{
                **value,
                "config": TrainConfig.from_json(value["config"]),
                "tokens": tuple(map(str, value["tokens"])),
                "keyword_terms": tuple(map(str, value["keyword_terms"])),
                "keyword_idf": tuple(map(_finite, value["keyword_idf"])),
                "curves": tuple(map(dict, value["curves"])),
                "metrics": dict(value["metrics"]),
                "tuning": dict(value["tuning"]),
            }
        )
        _ = card.keywords if card.is_sequence else (card.vocabulary, card.keywords, temperature_of(card.metrics))
    except (ConfigError, TypeError, ValueError, KeyError) as exc:
        raise _damaged(folder, CARD_FILE, str(exc)) from exc
    return card, digests


def _read(path: Path, folder: Path) -> bytes:
    try:
        if path.name == CARD_FILE and path.stat().st_size > MAX_CARD_BYTES:
            raise _damaged(folder, path.name, f"it is larger than {MAX_CARD_BYTES // 1_000_000} MB")
        return path.read_bytes()
    except FileNotFoundError as exc:
        raise _damaged(folder, path.name, "it is missing") from exc
    except OSError as exc:
        raise _damaged(folder, path.name, f"it cannot be read ({exc.strerror})") from exc


def _damaged(folder: Path, file: str, why: str) -> ModelError:
    return ModelError(f"Model {folder.name}, {file}: {why}. Restore the file from a backup, or train the model again.")


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("a keyword weight is not finite")
    return number


def _contiguous(weights: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    return {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
