"""Versions on the command line, in this process; `tests/services/test_cli.py` runs whole processes."""

import json
from pathlib import Path

import pytest

from dlcodegen_core.cli import main
from dlcodegen_core.config import Settings
from dlcodegen_core.service import DLCodeGen
from tests.test_service import _add_version


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one version, which every command opens anew as a process would."""
    settings = Settings(home=tmp_path / "home", embedder="local")
    service = DLCodeGen(settings)
    _add_version(service, "v1")
    service.close()
    monkeypatch.setattr(DLCodeGen, "get_instance", lambda: DLCodeGen(settings))
    return settings.home


def _told(capsys: pytest.CaptureFixture[str], *arguments: str) -> object:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_versions_are_listed_with_the_one_that_answers(capsys: pytest.CaptureFixture[str]) -> None:
    told = _told(capsys, "versions")
    assert told["answering"] == "v1" and [each["version"] for each in told["versions"]] == ["v1"]
    assert main(["versions"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "v1 answers"


def test_a_version_goes_to_a_file_and_comes_back_as_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = tmp_path / "v1.zip"
    assert main(["export", "--version", "v1", "--format", "bundle", "--out", str(bundle)]) == 0
    assert _told(capsys, "import-version", str(bundle), "--name", "again") == {"version": "v2"}
    assert _told(capsys, "versions")["versions"][0]["name"] == "again"


def test_a_promotion_is_rolled_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = tmp_path / "v1.zip"
    main(["export", "--version", "v1", "--format", "bundle", "--out", str(bundle)])
    main(["import-version", str(bundle)])
    assert _told(capsys, "promote", "v1") == {"production": "v1"}
    assert _told(capsys, "versions")["answering"] == "v1"
    assert _told(capsys, "roll-back") == {"production": None, "answering": "v2"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["promote", "v9"], "no model version 'v9'"),
        (["roll-back"], "no earlier production"),
        (["import-version", "/nowhere.zip"], "nowhere.zip"),
    ],
)
def test_what_cannot_be_done_is_told(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    assert said in capsys.readouterr().err
