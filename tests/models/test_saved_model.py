"""A model on disk: it comes back as it was, and whatever is wrong with it is named."""

import hashlib
import json
import pickle
import resource
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save as save_arrays_as_bytes
from safetensors.torch import load_file, save_file

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.errors import ModelError, StorageError
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models import saved_model
from dlcodegen_core.models.deepcodenet import DeepCodeNet
from dlcodegen_core.models.saved_model import (
    ModelCard,
    export_weights,
    load_card,
    load_forward_pass,
    load_model,
    load_training_features,
    save_model,
)
from dlcodegen_core.models.training_features import TrainingFeatures

CARD = ModelCard(
    version="v1",
    name="first",
    created_at="2026-01-01T00:00:00+00:00",
    dataset="Three-pair example",
    dataset_revision=1,
    dataset_fingerprint="ab" * 32,
    pairs=3,
    samples=3,
    config=TrainConfig(hidden_layers=(8, 4), epochs=2),
    embedder="local:test",
    embedder_title="test",
    tokens=("return ", "\n    ", "é\u2028", "مرحبا"),
    keyword_terms=("def", "für"),
    keyword_idf=(1.5, 1 / 3),
    metrics={"loss": 0.1, "val_loss": None, "seconds_by_phase": {"fitting": 1.0}},
    curves=({"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.1}),
)


@pytest.fixture
def network() -> DeepCodeNet:
    torch.manual_seed(0)
    return DeepCodeNet(len(CARD.vocabulary), CARD.config.hidden_layers).eval()


@pytest.fixture
def folder(tmp_path: Path, network: DeepCodeNet) -> Path:
    save_model(tmp_path / "v1", CARD, network.state_dict())
    return tmp_path / "v1"


@contextmanager
def _files_of_at_most(size_bytes: int) -> Iterator[None]:
    """The operating system refuses to write more, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _change_card(folder: Path, **changes: Any) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}))


def _put_weights(folder: Path, content: bytes) -> None:
    """Weights that the card vouches for, so that nothing but their reading can refuse them."""
    (folder / "model.safetensors").write_bytes(content)
    _change_card(folder, weights_sha256=hashlib.sha256(content).hexdigest())


class Malicious:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (Path.touch, (self._path,))


def test_a_model_comes_back_as_it_was(folder: Path, network: DeepCodeNet) -> None:
    card, loaded = load_model(folder)
    assert card == load_card(folder) == CARD
    assert loaded.state_dict().keys() == network.state_dict().keys()
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)


def test_a_loaded_model_answers_like_the_one_that_was_saved(folder: Path, network: DeepCodeNet) -> None:
    _card, loaded = load_model(folder)
    features = torch.randn(4, DIMENSIONS)
    assert not loaded.training
    with torch.inference_mode():
        assert torch.equal(loaded(features), network(features))


def test_the_folder_holds_weights_and_card_and_nothing_else(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "model.safetensors"]
    assert [path.name for path in folder.parent.iterdir()] == ["v1"]


def test_the_card_gives_back_vocabulary_and_keywords(folder: Path) -> None:
    card = load_card(folder)
    assert card.vocabulary.text_of(card.vocabulary.class_of("return ")) == "return "
    assert card.keywords.terms == ("def", "für")


def test_a_version_that_is_there_is_never_written_over(folder: Path, network: DeepCodeNet) -> None:
    with pytest.raises(StorageError, match="v1 could not be saved"):
        save_model(folder, replace(CARD, name="second"), network.state_dict())
    assert load_card(folder).name == "first"
    assert [path.name for path in folder.parent.iterdir()] == ["v1"]


def test_a_full_disk_leaves_no_folder(tmp_path: Path, network: DeepCodeNet) -> None:
    with _files_of_at_most(4_000), pytest.raises(StorageError, match="v1 could not be saved: File too large"):
        save_model(tmp_path / "v1", CARD, network.state_dict())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", ["model.json", "model.safetensors"])
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(ModelError, match=f"Model v1, {file}: it is missing"):
        load_model(folder)


@pytest.mark.parametrize("file", ["model.json", "model.safetensors"])
@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_named(folder: Path, file: str, kept: float) -> None:
    content = (folder / file).read_bytes()
    (folder / file).write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ModelError, match=f"Model v1, {file}: "):
        load_model(folder)


@pytest.mark.parametrize("place", [0, 100, -1])
def test_weights_of_which_one_byte_changed_are_not_used(folder: Path, place: int) -> None:
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[place] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match=r"model.safetensors: its content is not what was saved"):
        load_model(folder)


@pytest.mark.parametrize("content", [b"", b"\0", b"\xff" * 64, b"{}", b"not tensors at all" * 100])
def test_weights_in_a_foreign_format_are_named(folder: Path, content: bytes) -> None:
    _put_weights(folder, content)
    with pytest.raises(ModelError, match=r"Model v1, model.safetensors: "):
        load_model(folder)


def test_a_malicious_pickle_under_the_weights_name_is_never_run(folder: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    for content in (pickle.dumps(Malicious(trap)), _torch_archive(tmp_path, Malicious(trap))):
        _put_weights(folder, content)
        with pytest.raises(ModelError, match=r"Model v1, model\.safetensors: "):
            load_model(folder)
        assert not trap.exists()
    pickle.loads(pickle.dumps(Malicious(trap)))
    assert trap.exists(), "the trap itself must work"


def _torch_archive(folder: Path, value: object) -> bytes:
    torch.save(value, folder / "archive.pt")
    return (folder / "archive.pt").read_bytes()


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"output.weight": torch.zeros(1)},
        {**DeepCodeNet(99, (8, 4)).state_dict()},
        {**DeepCodeNet(len(CARD.vocabulary), (8,)).state_dict()},
        {**DeepCodeNet(len(CARD.vocabulary), (8, 4)).state_dict(), "one.more": torch.zeros(1)},
    ],
    ids=["none", "one", "more classes", "fewer layers", "one more"],
)
def test_tensors_of_another_network_are_refused(folder: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    save_file(dict(tensors), folder / "other.safetensors")
    _put_weights(folder, (folder / "other.safetensors").read_bytes())
    with pytest.raises(ModelError, match=r"model.safetensors: its tensors do not fit the network"):
        load_model(folder)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[]", "it is not a JSON object"),
        (b"null", "it is not a JSON object"),
        (pickle.dumps(CARD), "it is not JSON"),
    ],
)
def test_a_card_in_a_foreign_format_is_named(folder: Path, content: bytes, told: str) -> None:
    (folder / "model.json").write_bytes(content)
    with pytest.raises(ModelError, match=f"Model v1, model.json: {told}"):
        load_card(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"config": None},
        {"config": {"epochs": 0}},
        {"config": {"epochs": "many"}},
        {"config": {"from_the_future": 1}},
        {"tokens": 5},
        {"tokens": ["twice", "twice"]},
        {"keyword_terms": ["one more", "than", "weights"]},
        {"keyword_idf": [1.0, float("nan")]},
        {"keyword_idf": ["a", "b"]},
        {"metrics": 1},
        {"curves": [1]},
        {"surprise": True},
    ],
    ids=str,
)
def test_an_entry_of_the_card_that_was_tampered_with_is_told(folder: Path, changes: dict[str, Any]) -> None:
    _change_card(folder, **changes)
    with pytest.raises(ModelError, match=r"Model v1, model.json: .*Restore the file"):
        load_card(folder)


def test_an_entry_that_the_card_lacks_is_told(folder: Path) -> None:
    card = json.loads((folder / "model.json").read_text("utf-8"))
    del card["embedder"]
    (folder / "model.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match=r"Model v1, model.json: it lacks or has unknown entries: embedder"):
        load_card(folder)


@pytest.mark.parametrize("number", [0, 2, "1", None])
def test_a_model_of_another_program_version_says_so(folder: Path, number: object) -> None:
    _change_card(folder, format=number)
    with pytest.raises(ModelError, match="v1 was saved by another version of this program"):
        load_card(folder)


def test_a_card_that_is_far_too_large_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_model, "MAX_CARD_BYTES", 1000)
    with pytest.raises(ModelError, match=r"Model v1, model.json: it is larger than"):
        load_card(folder)


def test_a_folder_in_place_of_a_file_is_told(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").mkdir()
    with pytest.raises(ModelError, match=r"Model v1, model\.safetensors: it cannot be read \(Is a directory\)"):
        load_model(folder)


def test_a_pt_export_loads_without_unpickling_code(folder: Path, network: DeepCodeNet, tmp_path: Path) -> None:
    export_weights(folder, "pt", tmp_path / "out.pt")
    state = torch.load(tmp_path / "out.pt", weights_only=True)
    _assert_same(state, network.state_dict())


def test_a_safetensors_export_holds_the_same_tensors(folder: Path, network: DeepCodeNet, tmp_path: Path) -> None:
    export_weights(folder, "safetensors", tmp_path / "deep" / "out.safetensors")
    _assert_same(load_file(tmp_path / "deep" / "out.safetensors"), network.state_dict())


def _assert_same(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_an_unknown_export_format_is_told_with_those_there_are(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'pickle'. Choose safetensors or pt"):
        export_weights(folder, "pickle", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_export_into_a_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"is a folder. Give the name of the file"):
        export_weights(folder, "pt", tmp_path)


def test_an_export_on_a_full_disk_leaves_the_file_that_was_there(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.pt"
    out.write_bytes(b"before")
    with _files_of_at_most(4_000), pytest.raises(StorageError, match=r"out.pt could not be saved"):
        export_weights(folder, "pt", out)
    assert out.read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.pt", "v1"]


def test_a_damaged_model_is_not_exported(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(ModelError, match="its content is not what was saved"):
        export_weights(folder, "safetensors", tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


SPREAD = TrainingFeatures.of(np.random.default_rng(0).normal(size=(60, DIMENSIONS)).astype(np.float32))


@pytest.fixture
def with_spread(tmp_path: Path, network: DeepCodeNet) -> Path:
    save_model(tmp_path / "v2", replace(CARD, version="v2"), network.state_dict(), SPREAD)
    return tmp_path / "v2"


def _put_spread(folder: Path, content: bytes) -> None:
    """A record that the card vouches for, so that nothing but its reading can refuse it."""
    (folder / "training_features.safetensors").write_bytes(content)
    _change_card(folder, training_features_sha256=hashlib.sha256(content).hexdigest())


def test_the_spread_of_the_training_features_comes_back_as_it_was(with_spread: Path) -> None:
    loaded = load_training_features(with_spread)
    assert loaded is not None
    assert (loaded.mean == SPREAD.mean).all() and (loaded.quantiles == SPREAD.quantiles).all()
    assert load_card(with_spread) == replace(CARD, version="v2")


def test_the_spread_costs_less_than_30_kilobytes(with_spread: Path) -> None:
    assert (with_spread / "training_features.safetensors").stat().st_size < 30_000


def test_a_version_without_the_spread_loads_and_says_so(folder: Path) -> None:
    assert load_training_features(folder) is None


def test_a_record_that_the_card_does_not_know_is_not_read(folder: Path, with_spread: Path) -> None:
    content = (with_spread / "training_features.safetensors").read_bytes()
    (folder / "training_features.safetensors").write_bytes(content)
    assert load_training_features(folder) is None


@pytest.mark.parametrize("content", [None, b"", b"not tensors at all" * 100])
def test_a_damaged_spread_is_named_and_the_model_answers_all_the_same(with_spread: Path, content: bytes | None) -> None:
    path = with_spread / "training_features.safetensors"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(ModelError, match=r"Model v2, training_features\.safetensors: it"):
        load_training_features(with_spread)
    assert load_forward_pass(with_spread)[0].version == "v2"


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"mean": SPREAD.mean},
        {**SPREAD.as_arrays(), "one more": SPREAD.mean},
        {"mean": SPREAD.mean, "quantiles": SPREAD.quantiles[:5]},
        {"mean": SPREAD.mean.astype(np.float32), "quantiles": SPREAD.quantiles},
        {"mean": SPREAD.mean, "quantiles": SPREAD.quantiles[::-1].copy()},
        {"mean": np.full(DIMENSIONS, np.nan, np.float16), "quantiles": SPREAD.quantiles},
    ],
    ids=["none", "one", "one more", "fewer quantiles", "another precision", "descending", "not a number"],
)
def test_a_spread_of_another_form_is_refused(with_spread: Path, arrays: dict[str, Any]) -> None:
    _put_spread(with_spread, save_arrays_as_bytes(arrays))
    with pytest.raises(ModelError, match=r"Model v2, training_features.safetensors: it does not hold the spread"):
        load_training_features(with_spread)


def test_a_version_answers_at_the_temperature_on_its_card(tmp_path: Path, folder: Path, network: DeepCodeNet) -> None:
    save_model(tmp_path / "v3", replace(CARD, metrics={**CARD.metrics, "temperature": 4.0}), network.state_dict())
    features = np.random.default_rng(0).normal(size=(3, DIMENSIONS)).astype(np.float32)
    plain = load_forward_pass(folder)[1].log_probabilities(features)
    softened = load_forward_pass(tmp_path / "v3")[1].log_probabilities(features)
    assert (softened.argmax(axis=1) == plain.argmax(axis=1)).all()
    assert (softened.max(axis=1) < plain.max(axis=1)).all()


@pytest.mark.parametrize("temperature", [0, -2.0, "hot", 1e6])
def test_a_temperature_that_no_training_gives_is_named(folder: Path, temperature: object) -> None:
    _change_card(folder, metrics={**CARD.metrics, "temperature": temperature})
    with pytest.raises(ModelError, match=r"Model v1, model.json: .*(temperature|hot)"):
        load_card(folder)
