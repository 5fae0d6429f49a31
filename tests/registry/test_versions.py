"""The list of versions: which is newest, what is known of each, which are damaged."""

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.errors import ModelError
from dlcodegen_core.models import base_model
from dlcodegen_core.models.deepcodenet import DeepCodeNet
from dlcodegen_core.models.saved_model import ModelCard, load_card, save_model
from dlcodegen_core.registry import versions
from dlcodegen_core.registry.versions import DamagedVersion, VersionStore

CARD = ModelCard(
    version="v1",
    name="",
    created_at="2026-01-01T00:00:00+00:00",
    dataset="d",
    dataset_revision=None,
    dataset_fingerprint="",
    pairs=1,
    samples=1,
    config=TrainConfig(hidden_layers=(2,)),
    embedder="local:test",
    embedder_title="test",
    tokens=("a",),
    keyword_terms=(),
    keyword_idf=(),
    metrics={},
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "versions"


@pytest.fixture
def store(root: Path) -> VersionStore:
    return VersionStore(root)


def _save(root: Path, number: int, name: str = "") -> None:
    torch.manual_seed(number)
    card = replace(CARD, version=f"v{number}", name=name)
    save_model(root / card.version, card, DeepCodeNet(len(card.vocabulary), card.config.hidden_layers).state_dict())
    _touch(root, number)


def _touch(path: Path, second: int) -> None:
    """Give a time stamp of its own: two changes within one tick of the file system's clock would look alike."""
    os.utime(path, (second, second))


def test_before_the_first_training_there_is_no_version(
    store: VersionStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base_model, "FOLDER", root / "no base model")
    assert store.latest() is None
    assert store.all() == []
    assert not root.exists()
    with pytest.raises(ModelError, match=r"There is no trained model yet. Train one"):
        store.resolve(None)


def test_the_newest_version_is_the_one_with_the_highest_number(store: VersionStore, root: Path) -> None:
    for number in (2, 10, 9):
        _save(root, number)
    assert store.latest() == store.resolve(None) == "v10"


def test_a_version_that_another_process_made_is_seen_at_once(store: VersionStore, root: Path) -> None:
    _save(root, 1)
    assert store.latest() == "v1"
    _save(root, 2)
    assert store.latest() == "v2"


def test_looking_for_the_newest_again_does_not_list_the_folder(
    store: VersionStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _save(root, 1)
    store.latest()
    monkeypatch.setattr(versions, "version_folders", None)
    assert store.latest() == "v1"


def test_a_version_asked_for_goes_before_the_newest(store: VersionStore, root: Path) -> None:
    _save(root, 1)
    _save(root, 2)
    assert store.resolve("v1") == "v1"
    assert store.folder("v1") == root / "v1"


@pytest.mark.parametrize("name", ["v3", "", "..", "../versions/v1", "v1/../v1", "/etc", "v1\0", "latest"])
def test_any_other_name_is_refused_with_the_versions_there_are(store: VersionStore, root: Path, name: str) -> None:
    _save(root, 1)
    _save(root, 2)
    with pytest.raises(ModelError, match=r"There is no model version .*There are: v1, v2"):
        store.folder(name)


def test_the_card_tells_what_is_known(store: VersionStore, root: Path) -> None:
    _save(root, 1, "first")
    assert store.card("v1") == load_card(root / "v1")
    assert store.card("v1").name == "first"


def test_a_card_is_read_once_and_again_when_its_file_changed(store: VersionStore, root: Path) -> None:
    _save(root, 1, "before")
    file = root / "v1" / "model.json"
    _touch(file, 1)
    first = store.card("v1")
    assert store.card("v1") is first
    file.write_text(json.dumps({**json.loads(file.read_text()), "name": "after"}))
    _touch(file, 2)
    assert store.card("v1").name == "after"


def test_the_list_is_newest_first_and_tells_what_is_damaged(store: VersionStore, root: Path) -> None:
    for number in (1, 2, 3):
        _save(root, number)
    (root / "v2" / "model.json").write_text("{")
    third, second, first = store.all()
    assert isinstance(third, ModelCard) and third.version == "v3"
    assert isinstance(first, ModelCard) and first.version == "v1"
    assert isinstance(second, DamagedVersion) and second.version == "v2"
    assert "model.json: it is not JSON" in second.problem


def test_a_card_that_vanishes_is_told_though_it_was_read_before(store: VersionStore, root: Path) -> None:
    _save(root, 1)
    store.card("v1")
    (root / "v1" / "model.json").unlink()
    with pytest.raises(ModelError, match=r"Model v1, model.json: it is missing"):
        store.card("v1")


def test_a_file_in_place_of_a_version_is_told_as_damage(store: VersionStore, root: Path) -> None:
    root.mkdir()
    (root / "v1").touch()
    (damaged,) = store.all()
    assert isinstance(damaged, DamagedVersion) and damaged.version == "v1"


def test_many_threads_read_the_same_card(store: VersionStore, root: Path) -> None:
    _save(root, 1)
    barrier, found = threading.Barrier(8), []

    def read() -> None:
        barrier.wait()
        found.append(store.card("v1"))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [load_card(root / "v1")] * 8


@pytest.mark.skipif(not base_model.is_there(), reason="no base model is shipped here")
def test_before_the_first_training_the_base_model_answers(store: VersionStore) -> None:
    assert store.resolve(None) == base_model.NAME
    assert store.latest() is None and store.all() == []
    assert store.base() == store.card(base_model.NAME)
    assert store.folder(base_model.NAME) == base_model.FOLDER
