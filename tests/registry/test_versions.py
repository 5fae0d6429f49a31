"""The versions: which there are, which answers, how aliases move, what labels say, and the trash."""

import contextlib
import json
import os
import threading
import timeit
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import torch

from benchmarks.kills import save_small_version
from dlcodegen_core.config import TrainConfig
from dlcodegen_core.errors import ModelError
from dlcodegen_core.models import base_model
from dlcodegen_core.models.deepcodenet import DeepCodeNet
from dlcodegen_core.models.saved_model import ModelCard, load_card, save_model
from dlcodegen_core.registry import versions
from dlcodegen_core.registry.labels import Labels
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


class Clock:
    """A moment that goes on by a minute each time it is asked."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.moment += timedelta(minutes=1)
        return self.moment


@pytest.fixture
def three(root: Path) -> VersionStore:
    """Three versions."""
    for number in range(3):
        save_small_version(root, number, name=f"number {number}")
    return VersionStore(root, Clock())


def test_production_answers_before_the_newest_and_goes_by_its_alias_too(three: VersionStore, root: Path) -> None:
    three.promote("v1")
    three.set_candidate("v2")
    assert three.resolve(None) == three.resolve("production") == three.answering() == "v1"
    assert three.resolve("candidate") == "v2"
    assert three.resolve("v3") == three.latest() == "v3"
    assert VersionStore(root).resolve(None) == "v1"


def test_an_alias_that_is_unset_or_unknown_is_told(three: VersionStore) -> None:
    with pytest.raises(ModelError, match=r"No version is candidate yet\. Choose one on the Models page"):
        three.resolve("candidate")
    with pytest.raises(ModelError, match=r"There is no alias 'newest'\. There are: production, candidate"):
        three.alias("newest")


def test_promoting_the_candidate_by_its_alias_moves_both(three: VersionStore) -> None:
    three.promote("v1")
    three.set_candidate("v3")
    three.promote("candidate")
    assert (three.alias("production"), three.alias("candidate")) == ("v3", None)


def test_rolling_back_goes_further_with_each_call(three: VersionStore) -> None:
    for version in ("v1", "v2", "v3"):
        three.promote(version)
    assert [three.roll_back(), three.roll_back()] == ["v2", "v1"]
    assert three.roll_back() == "v3"  # nothing is production, so the newest answers
    assert three.alias("production") is None
    with pytest.raises(ModelError, match="There is no earlier production version"):
        three.roll_back()
    moves = [(moment.version, moment.before, moment.how) for moment in three.history()]
    assert moves[:2] == [("", "v1", "rolled back"), ("v1", "v2", "rolled back")]
    assert three.history()[-1].at == "2026-01-01T00:01:00+00:00"


def test_a_damaged_version_becomes_neither_production_nor_candidate(three: VersionStore, root: Path) -> None:
    (root / "v2" / "model.safetensors").write_bytes(b"not what was saved")
    for point in (three.promote, three.set_candidate):
        with pytest.raises(ModelError, match="its content is not what was saved"):
            point("v2")
    assert three.history() == () and three.resolve(None) == "v3"


def test_rolling_back_passes_over_a_damaged_version(three: VersionStore, root: Path) -> None:
    for version in ("v1", "v2", "v3"):
        three.promote(version)
    (root / "v2" / "model.safetensors").unlink()
    assert three.roll_back() == "v1"


@pytest.mark.parametrize("file", ["model.json", "model.safetensors"])
def test_production_that_was_damaged_later_is_passed_over_and_that_is_told(
    three: VersionStore, root: Path, file: str
) -> None:
    three.promote("v1")
    assert three.resolve(None) == "v1" and three.production_problem() == ""
    (root / "v1" / file).unlink()
    assert three.resolve(None) == "v3"
    assert "Production is v1, which cannot be used." in three.production_problem()


def test_a_version_with_an_alias_is_not_deleted(three: VersionStore) -> None:
    three.promote("v1")
    three.set_candidate("v2")
    with pytest.raises(ModelError, match=r"v1 is production and stays\. Make another version production"):
        three.delete("v1")
    with pytest.raises(ModelError, match="v2 is candidate and stays"):
        three.delete("v2")
    three.clear("candidate")
    three.delete("v2")
    assert three.resolve(None) == "v1"


def test_a_deleted_version_answers_no_more_in_any_process_and_comes_back(three: VersionStore, root: Path) -> None:
    other, gone = VersionStore(root), []
    assert other.resolve("v3") == "v3"
    three.on_gone.append(gone.append)
    three.delete("v3")
    assert gone == ["v3"]
    with pytest.raises(ModelError, match="There is no model version 'v3'"):
        other.resolve("v3")
    assert other.resolve(None) == "v2"
    (trashed,) = other.trash()
    assert (trashed.version, trashed.name, trashed.deleted_at) == ("v3", "number 2", "2026-01-01T00:01:00+00:00")
    assert trashed.size_bytes > 1000
    other.restore("v3")
    assert three.resolve(None) == "v3" and three.trash() == []


def test_what_was_purged_is_gone_and_its_number_is_not_used_again(three: VersionStore, root: Path) -> None:
    three.label("v3", "mine")
    three.delete("v3")
    three.purge("v3")
    assert three.trash() == [] and three.register().labels == {}
    with pytest.raises(ModelError, match=r"There is no 'v3' in the trash\. There is: nothing"):
        three.restore("v3")
    assert save_small_version(root) == "v4"


@pytest.mark.parametrize("name", ["v9", "..", "../v1", "", "registry.json"])
def test_only_what_lies_in_the_trash_is_restored_or_purged(three: VersionStore, name: str) -> None:
    for act in (three.restore, three.purge):
        with pytest.raises(ModelError, match="in the trash"):
            act(name)


def test_a_damaged_version_can_be_deleted_and_brought_back(three: VersionStore, root: Path) -> None:
    (root / "v2" / "model.json").write_text("{")
    three.delete("v2")
    assert [each.version for each in three.trash()] == ["v2"]
    three.restore("v2")
    assert (root / "v2" / "model.json").read_text() == "{"


def test_labels_are_edited_and_the_version_stays_as_it_was(three: VersionStore, root: Path) -> None:
    before = {file.name: file.read_bytes() for file in (root / "v1").iterdir()}
    assert three.labels("v1").name == "number 0"
    three.label("v1", "parser", "good at *parsing*", ["fast", "small"])
    assert VersionStore(root).labels("v1") == Labels("parser", "good at *parsing*", ("fast", "small"))
    assert {file.name: file.read_bytes() for file in (root / "v1").iterdir()} == before
    said = three.model_card("v1")
    assert "parser" in said and r"good at \*parsing\*" in said


def test_a_version_that_is_not_there_is_not_labelled(three: VersionStore) -> None:
    with pytest.raises(ModelError, match="There is no model version 'v9'"):
        three.label("v9", "mine")


@pytest.mark.skipif(not base_model.is_there(), reason="no base model is shipped here")
def test_the_base_model_can_be_production_but_not_changed(three: VersionStore) -> None:
    three.promote("base")
    assert three.resolve(None) == three.resolve("production") == "base"
    with pytest.raises(ModelError, match="ships with the program and cannot be deleted"):
        three.delete("base")
    with pytest.raises(ModelError, match="ships with the program and cannot be labelled"):
        three.label("base", "mine")


def test_leftovers_of_a_killed_process_are_tidied_away(three: VersionStore, root: Path) -> None:
    (root / ".v4.x8c").mkdir()
    (root / ".import.x8c").mkdir()
    three.tidy()
    assert not list(root.glob(".*"))


def test_choosing_who_answers_costs_microseconds(three: VersionStore, root: Path) -> None:
    three.promote("v1")
    for path in (root, root / "registry.json"):
        _touch(path, 1)  # settled, as on any folder that is not being changed right now
    seconds = min(timeit.repeat(lambda: three.resolve(None), number=1000, repeat=5)) / 1000
    assert seconds < 200e-6  # 12 µs on a quiet machine


def test_threads_that_promote_and_delete_at_once_leave_an_alias_that_is_there(three: VersionStore, root: Path) -> None:
    def turn(number: int) -> None:
        store, version = VersionStore(root), f"v{number % 3 + 1}"
        with contextlib.suppress(ModelError):
            store.promote(version) if number % 2 else store.delete(version)
        with contextlib.suppress(ModelError):
            store.restore(version)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(turn, range(36)))
    production = three.alias("production")
    assert production is not None and load_card(root / production).version == production
    assert [card.version for card in three.all()] == ["v3", "v2", "v1"]
