"""A checkpoint gives the trainer's state back to the bit, or says why it cannot."""

import copy
import itertools
import pickle
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.errors import StorageError, TrainingError
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.training.checkpoint import load_checkpoint, save_checkpoint
from dlcodegen_core.training.trainer import Split, Trainer

CONFIG = TrainConfig(hidden_layers=(8, 4), epochs=6, batch_size=4)
CLASSES = 5


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """As the worker has it; on a busy machine several threads wait for each other most of the time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _split(samples: int, seed: int) -> Split:
    random = torch.Generator().manual_seed(seed)
    return Split(
        torch.randn(samples, DIMENSIONS, generator=random), torch.randint(1, CLASSES, (samples,), generator=random)
    )


def _trainer(epochs: int = 0) -> Trainer:
    trainer = Trainer(CONFIG, CLASSES, _split(12, seed=0), _split(6, seed=1))
    list(itertools.islice(trainer.epochs(), epochs))
    return trainer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "job" / "checkpoint.safetensors"


@pytest.fixture
def saved(path: Path) -> Path:
    save_checkpoint(path, _trainer(epochs=3).state(), "data and settings")
    return path


def _flat(state: dict[str, Any]) -> dict[str, torch.Tensor]:
    tensors = {f"{part}/{name}": tensor for part in ("network", "best") for name, tensor in state[part].items()}
    for parameter, moments in state["optimizer"].items():
        tensors.update({f"{parameter}/{name}": tensor for name, tensor in moments.items()})
    return tensors


@pytest.mark.parametrize("epochs", [0, 1, 3])
def test_a_state_comes_back_as_it_was(path: Path, epochs: int) -> None:
    state = _trainer(epochs).state()
    save_checkpoint(path, state, "data and settings")
    loaded = load_checkpoint(path, "data and settings")
    assert loaded["results"] == state["results"] and len(state["results"]) == epochs
    before, after = _flat(state), _flat(loaded)
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        assert torch.equal(tensor, after[name]) and tensor.dtype == after[name].dtype


def test_a_training_resumed_from_disk_equals_an_uninterrupted_one_exactly(saved: Path) -> None:
    whole, resumed = _trainer(), _trainer()
    resumed.restore(load_checkpoint(saved, "data and settings"))
    assert len(list(whole.epochs())) == 6
    assert [result.epoch for result in resumed.epochs()] == [4, 5, 6]
    assert resumed.results == whole.results
    for part in ("network", "best"):
        for name, tensor in whole.state()[part].items():
            assert torch.equal(tensor, resumed.state()[part][name])


def test_saving_leaves_the_trainer_as_it_is(path: Path) -> None:
    trainer = _trainer(epochs=1)
    before = copy.deepcopy(trainer.state())
    save_checkpoint(path, trainer.state(), "x")
    assert all(torch.equal(tensor, _flat(trainer.state())[name]) for name, tensor in _flat(before).items())


def test_a_newer_checkpoint_replaces_the_older_one_alone(saved: Path) -> None:
    save_checkpoint(saved, _trainer(epochs=5).state(), "data and settings")
    assert len(load_checkpoint(saved, "data and settings")["results"]) == 5
    assert [file.name for file in saved.parent.iterdir()] == [saved.name]


def test_without_a_checkpoint_the_error_says_to_start_anew(path: Path) -> None:
    with pytest.raises(TrainingError, match=r"There is no checkpoint to resume from. Start the training anew"):
        load_checkpoint(path, "data and settings")


def test_a_checkpoint_of_other_data_or_settings_is_not_used(saved: Path) -> None:
    with pytest.raises(TrainingError, match="belongs to other data or settings"):
        load_checkpoint(saved, "other data")


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_checkpoint_is_told_as_damaged(saved: Path, kept: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(TrainingError, match=r"The checkpoint is damaged.*Start it anew"):
        load_checkpoint(saved, "data and settings")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"\xff" * 1000),
        lambda path: path.write_bytes(pickle.dumps({"network": {}})),
        lambda path: torch.save({"network": {}}, path),
        lambda path: save_file({"a": torch.zeros(1)}, path, {"belongs_to": "data and settings"}),
        lambda path: save_file({"a": torch.zeros(1)}, path, {"belongs_to": "data and settings", "results": "{"}),
        lambda path: save_file({"a": torch.zeros(1)}, path, {"belongs_to": "data and settings", "results": "[]"}),
        lambda path: save_file({"b/a": torch.zeros(1)}, path, {"belongs_to": "data and settings", "results": "[]"}),
        lambda path: save_file({"optimizer/x/y": torch.zeros(1)}, path, {"belongs_to": "data and settings"}),
        lambda path: save_file({}, path, {"belongs_to": "data and settings", "results": '[{"epoch": 1}]'}),
    ],
    ids=["noise", "pickle", "pt", "no results", "half results", "no part", "other part", "no number", "other results"],
)
def test_a_foreign_file_is_told_as_damaged(saved: Path, spoil: Callable[[Path], None]) -> None:
    spoil(saved)
    with pytest.raises(TrainingError, match="The checkpoint is damaged"):
        load_checkpoint(saved, "data and settings")


def test_tensors_without_any_owner_belong_to_other_data(saved: Path) -> None:
    save_file({"network/a": torch.zeros(1)}, saved)
    with pytest.raises(TrainingError, match="belongs to other data"):
        load_checkpoint(saved, "data and settings")


def test_a_full_disk_leaves_the_older_checkpoint(saved: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, hard))
    try:
        with pytest.raises(StorageError, match=r"checkpoint.safetensors could not be saved"):
            save_checkpoint(saved, _trainer(epochs=5).state(), "data and settings")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(load_checkpoint(saved, "data and settings")["results"]) == 3
    assert [file.name for file in saved.parent.iterdir()] == [saved.name]
