"""The files that tasks write, over HTTP: only those, and only to this machine."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dlcodegen_core import DLCodeGen
from dlcodegen_core.serving.routes import WRITTEN_FILES, routes
from dlcodegen_core.tasks.kinds import EXPORT, IMPORT, WRITE
from dlcodegen_core.tasks.task import TaskState

CONTENT = b'{"inputs": ["a"], "targets": ["b"]}'


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    file = tmp_path / "dataset.json"
    file.write_bytes(CONTENT)
    result = {"path": str(file), "size_bytes": len(CONTENT), "name": 'my "data"\n'}
    states = {
        "written": TaskState("written", WRITE, "mine", False, result=result),
        "exported": TaskState("exported", EXPORT, "v1", False, result={**result, "name": "v1"}),
        "running": TaskState("running", WRITE, "mine", True),
        "other": TaskState("other", IMPORT, "mine", False, result={"path": "/etc/passwd"}),
    }
    monkeypatch.setattr(DLCodeGen, "_instance", SimpleNamespace(tasks=SimpleNamespace(state=states.get)))
    with TestClient(Starlette(routes=routes()), base_url="http://127.0.0.1") as client:
        yield client


def test_a_written_file_is_sent_under_the_datasets_name(client: TestClient) -> None:
    answer = client.get(f"{WRITTEN_FILES}/written")
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "\n" not in answer.headers["content-disposition"]


def test_an_exported_version_is_sent_under_its_own_name(client: TestClient) -> None:
    answer = client.get(f"{WRITTEN_FILES}/exported")
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-disposition"] == 'attachment; filename="v1.json"'


@pytest.mark.parametrize("task", ["running", "other", "nothing", "..%2F..%2Fetc%2Fpasswd"])
def test_nothing_else_is_sent(client: TestClient, task: str) -> None:
    assert client.get(f"{WRITTEN_FILES}/{task}").status_code == 404


def test_another_host_gets_nothing(client: TestClient) -> None:
    answer = client.get(f"{WRITTEN_FILES}/written", headers={"host": "evil.example"})
    assert answer.status_code == 404
    assert "evil.example" in answer.json()["error"]
