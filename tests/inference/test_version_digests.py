"""A version's digest changes with what lies there, and only then."""

import shutil
from pathlib import Path

import pytest

from dlcodegen_core.errors import ModelError
from dlcodegen_core.inference.version_digests import VersionDigests
from dlcodegen_core.registry.versions import VersionStore


def _write(root: Path, version: str, content: str) -> None:
    shutil.rmtree(root / version, ignore_errors=True)
    (root / version).mkdir(parents=True)
    (root / version / "model.json").write_text(content, "utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    _write(tmp_path / "versions", "v1", '{"model.safetensors": "a"}')
    return tmp_path / "versions"


def test_the_same_content_has_the_same_digest_in_every_process(root: Path) -> None:
    assert VersionDigests(VersionStore(root)).of("v1") == VersionDigests(VersionStore(root)).of("v1")


def test_a_version_made_anew_has_another_one(root: Path) -> None:
    digests = VersionDigests(VersionStore(root))
    first = digests.of("v1")
    _write(root, "v1", '{"model.safetensors": "b"}')
    assert digests.of("v1") != first


def test_a_card_is_read_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = VersionDigests(VersionStore(root))
    first = digests.of("v1")
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read again"))
    assert digests.of("v1") == first


def test_a_version_that_is_gone_has_none(root: Path) -> None:
    digests = VersionDigests(VersionStore(root))
    digests.of("v1")
    (root / "v1" / "model.json").unlink()
    with pytest.raises(ModelError, match=r"Model v1, model\.json: it cannot be read"):
        digests.of("v1")
    shutil.rmtree(root / "v1")
    with pytest.raises(ModelError, match="no model version 'v1'"):
        digests.of("v1")
