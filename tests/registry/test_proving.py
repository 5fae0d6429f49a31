"""A version that loads and answers is told from one that is whole and yet of no use."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from benchmarks.kills import save_small_version, small_card, small_weights
from dlcodegen_core.errors import ModelError
from dlcodegen_core.models import base_model
from dlcodegen_core.models.saved_model import save_arrays
from dlcodegen_core.registry.proving import prove


def test_a_sound_version_is_proved(tmp_path: Path) -> None:
    assert prove(tmp_path / save_small_version(tmp_path)).version == "v1"


@pytest.mark.skipif(not base_model.is_there(), reason="no base model is shipped here")
def test_a_sequence_model_is_proved_by_a_completion() -> None:
    assert prove(base_model.FOLDER).is_sequence


def test_weights_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    weights = {**small_weights(0), "output.bias": np.full(4, np.nan, np.float32)}
    save_arrays(tmp_path / "v1", small_card("v1"), weights)
    with pytest.raises(ModelError, match="Model v1"):
        prove(tmp_path / "v1")


def test_tensors_that_do_not_fit_are_told(tmp_path: Path) -> None:
    save_arrays(tmp_path / "v1", small_card("v1"), {"output.bias": np.zeros(4, np.float32)})
    with pytest.raises(ModelError, match="its tensors do not fit"):
        prove(tmp_path / "v1")


@pytest.mark.skipif(not base_model.is_there(), reason="no base model is shipped here")
@pytest.mark.parametrize("array", ["calibration", "source.order", "gate.first", "network.embedding", "tokenizer"])
def test_a_sequence_model_with_one_foreign_array_is_refused_with_a_sentence(tmp_path: Path, array: str) -> None:
    from safetensors.numpy import load

    arrays: dict[str, Any] = load((base_model.FOLDER / "model.safetensors").read_bytes())
    content = save({**arrays, array: np.zeros(3, arrays[array].dtype)})
    card = json.loads((base_model.FOLDER / "model.json").read_bytes())
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / "model.safetensors").write_bytes(content)
    card = {**card, "weights_sha256": hashlib.sha256(content).hexdigest()}
    (tmp_path / "v1" / "model.json").write_text(json.dumps(card))
    if array == "calibration":  # three numbers are a calibration
        assert prove(tmp_path / "v1")
    else:
        with pytest.raises(ModelError, match="Model v1"):
            prove(tmp_path / "v1")
