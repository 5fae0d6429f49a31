"""The base model that ships: small enough, what its card says it is, and refused when damaged."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from dlcodegen_core.errors import ModelError
from dlcodegen_core.models import base_model
from dlcodegen_core.models.saved_model import WEIGHTS_FILE, load_card, load_sequence, load_start

MANIFEST = Path(__file__).parents[2] / "pretraining" / "corpus-manifest.json"
EVALUATED = {"django", "flask", "requests", "sqlalchemy", "rich", "three", "rxjs"}
ALLOWED = {"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "PSF-2.0", "Python-2.0", "0BSD"}

pytestmark = pytest.mark.skipif(not base_model.is_there(), reason="no base model is shipped here")


def test_it_is_small_and_the_file_that_its_card_and_its_readme_tell_of():
    content = (base_model.FOLDER / WEIGHTS_FILE).read_bytes()
    assert len(content) <= 16_000_000
    assert hashlib.sha256(content).hexdigest() in (base_model.FOLDER / "README.md").read_text("utf-8")
    assert load_card(base_model.FOLDER).version == base_model.NAME


def test_it_fills_gaps_and_knows_no_source():
    _card, model, calibration = load_sequence(base_model.FOLDER)
    assert model.fills_gaps and len(model.source) <= 1
    assert calibration.lines > 100
    assert len(load_start(base_model.FOLDER).tokenizer) == len(model.tokenizer)


def test_a_changed_byte_is_noticed(tmp_path):
    folder = shutil.copytree(base_model.FOLDER, tmp_path / "base")
    weights = folder / WEIGHTS_FILE
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelError, match="not what was saved"):
        load_start(folder)


def test_every_package_it_read_states_an_allowed_licence_and_none_is_one_it_is_measured_on():
    packages = json.loads(MANIFEST.read_text("utf-8"))["packages"]
    assert len(packages) > 100
    for package in packages:
        stated = package["licence"].replace("(", " ").replace(")", " ")
        choices = [part.split(" AND ") for part in stated.split(" OR ")]
        assert any(all(name.strip() in ALLOWED for name in choice) for choice in choices), package["package"]
        assert package["package"].lower() not in EVALUATED
