"""A sequence model trained twice, really, on the same source: it differs by nothing but the clock."""

import functools
import json
import shutil
from pathlib import Path

import pytest
import torch

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.models.saved_model import load_card
from dlcodegen_core.models.version_folders import claim_version
from dlcodegen_core.training.phases import Surroundings, Wish
from dlcodegen_core.training.sequence.session import SequenceSession
from dlcodegen_core.training.sources import folder_source

pytestmark = pytest.mark.service

CONFIG = TrainConfig.sequence(seconds=20, vocabulary_size=512, held_out=0.0, from_scratch=True, seed=3)


class Looks:
    """A clock that goes on by so many seconds each time it is looked at, whatever time has passed."""

    def __init__(self, seconds: float) -> None:
        self.time, self._seconds = 0.0, seconds

    def __call__(self) -> float:
        self.time += self._seconds
        return self.time


def _train(root: Path, project: Path) -> Path:
    torch.set_num_threads(1)
    around = Surroundings(
        embedder=None,  # type: ignore[arg-type]  # a sequence model has none
        emit=lambda event: None,
        wish=lambda: Wish.GO_ON,
        claim_version=functools.cache(lambda: claim_version(root)),
        checkpoint=root / "checkpoint",
        now=Looks(2.5),
    )
    return root / SequenceSession(folder_source(project, "project"), CONFIG, "", around).run().version


def test_with_the_same_steps_a_sequence_model_is_the_same_to_the_last_bit(tmp_path: Path) -> None:
    """Its budget is time, so how many steps it takes is the machine's choice; all else follows from data and seed."""
    threads, project = torch.get_num_threads(), tmp_path / "project"
    project.mkdir()
    for file in ("scanner.py", "encoder.py"):
        shutil.copy(Path(json.__file__).with_name(file), project)
    one, other = _train(tmp_path / "one", project), _train(tmp_path / "other", project)
    torch.set_num_threads(threads)
    assert (one / "model.safetensors").read_bytes() == (other / "model.safetensors").read_bytes()
    assert load_card(one).metrics == load_card(other).metrics  # seconds too, of such a clock
    assert load_card(one).curves == load_card(other).curves
