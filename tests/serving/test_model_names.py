"""Names of models: ours, the aliases, versions, and those that a client only knows from elsewhere."""

import json
import shutil
from pathlib import Path

import pytest

from dlcodegen_core.errors import ModelError
from dlcodegen_core.models.saved_model import CARD_FILE
from dlcodegen_core.registry.versions import VersionStore
from dlcodegen_core.serving.model_names import named_models, version_named, version_or_production
from dlcodegen_core.serving.speaking import NotHere
from tests.explain.trained_model import Trained


@pytest.fixture
def versions(tmp_path: Path, trained_small: Trained) -> VersionStore:
    """Two versions of one content, none of them production yet."""
    shutil.copytree(trained_small.versions / "v1", tmp_path / "v1")
    shutil.copytree(trained_small.versions / "v1", tmp_path / "v2")
    card = tmp_path / "v2" / CARD_FILE
    card.write_text(json.dumps({**json.loads(card.read_text()), "version": "v2"}))
    return VersionStore(tmp_path)


@pytest.mark.parametrize("name", ["", "dlcodegen", "dlcodegen:latest", "production"])
def test_ours_is_whichever_answers_now(versions: VersionStore, name: str) -> None:
    assert version_named(versions, name) is None


def test_versions_and_the_candidate_are_themselves(versions: VersionStore) -> None:
    assert version_named(versions, "v1") == "v1"
    assert version_named(versions, "v2:latest") == "v2"
    with pytest.raises(ModelError, match="No version is candidate"):
        version_named(versions, "candidate")
    versions.set_candidate("v1")
    assert version_named(versions, "candidate") == "v1"


@pytest.mark.parametrize("name", ["v9", "gpt-4", "../v1", "v1/../v2", "\0", "V1", "v1 "])
def test_any_other_name_is_not_found_or_taken_for_ours(versions: VersionStore, name: str) -> None:
    with pytest.raises(NotHere, match="There is no model"):
        version_named(versions, name)
    assert version_or_production(versions, name) is None


def test_all_names_are_listed_with_what_stands_behind_them(versions: VersionStore) -> None:
    versions.promote("v1")
    versions.set_candidate("v2")
    listed = [each.name for each in named_models(versions)]
    assert listed[:5] == ["dlcodegen", "production", "candidate", "v2", "v1"]
    versions.clear("candidate")
    (versions.root / "v2" / CARD_FILE).write_text("{")
    assert "v2" not in [each.name for each in named_models(versions)]
