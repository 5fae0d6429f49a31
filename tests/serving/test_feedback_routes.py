"""Feedback over HTTP: kept, noted later, forgotten; and refused in plain words."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dlcodegen_core import DLCodeGen, Settings
from dlcodegen_core.feedback.store import FeedbackStore
from dlcodegen_core.serving.feedback_routes import FEEDBACK, feedback_routes

BODY = {"prompt": "x = ", "completion": "1", "outcome": "edited", "correction": "2", "version": "v1"}


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DLCodeGen]:
    service = DLCodeGen(Settings(home=tmp_path / "home", embedder="local"))
    monkeypatch.setattr(DLCodeGen, "_instance", service)
    yield service
    service.close()


@pytest.fixture
def store(service: DLCodeGen) -> FeedbackStore:
    return service.feedback


@pytest.fixture
def client(service: DLCodeGen) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=feedback_routes()), base_url="http://127.0.0.1") as client:
        yield client


def test_feedback_is_kept_noted_later_and_forgotten(client: TestClient, store: FeedbackStore) -> None:
    more = {"context": ["import os"], "arm": "b", "user": "ann", "latency_ms": 3, "taught_by": None}
    answer = client.post(FEEDBACK, json={**BODY, **more})
    assert answer.status_code == 200
    event = store.event(answer.json()["id"])
    assert (event.outcome, event.correction, event.context, event.source) == ("edited", "2", ("import os",), "http")
    assert (event.arm, event.user, event.latency_ms) == ("b", "ann", 3.0)
    assert store.memory.find("import os\nx = ")
    answer = client.post(f"{FEEDBACK}/{event.id}/later", json={"text": "import os\nx = 2\n", "seconds": 60})
    assert (answer.status_code, answer.json()) == (200, {"id": event.id, "retention": 1.0})
    answer = client.delete(f"{FEEDBACK}/{event.id}")
    assert (answer.status_code, answer.json()) == (200, {"forgotten": [event.id], "learned_by": []})
    assert store.memory.find("import os\nx = ") is None
    assert store.event(event.id).forgotten


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"prompt": "x = "}, "lacks completion, outcome, version"),
        ({**BODY, "price": 1}, "Unknown: price"),
        ({**BODY, "source": "page"}, "Unknown: source"),
        ({**BODY, "prompt": None}, "The prompt is NoneType"),
        ({**BODY, "context": "import os"}, "Give a list of strings"),
        ({**BODY, "outcome": "liked"}, "Use one of"),
        ({**BODY, "latency_ms": "3"}, "latency_ms is '3'"),
        ({**BODY, "prompt": " " * 100_000, "context": ["x"]}, "prompt is empty"),
        ([], "not a JSON object"),
    ],
)
def test_what_cannot_be_kept_is_refused(client: TestClient, store: FeedbackStore, body: object, told: str) -> None:
    answer = client.post(FEEDBACK, json=body)
    assert answer.status_code == 400
    assert told in answer.json()["error"]
    assert store.events() == []


def test_feedback_that_is_not_there_is_not_found(client: TestClient) -> None:
    for identity in ("7", str(2**70)):
        assert client.delete(f"{FEEDBACK}/{identity}").status_code == 404
        answer = client.post(f"{FEEDBACK}/{identity}/later", json={"text": "x", "seconds": 1})
        assert (answer.status_code, "There is no feedback" in answer.json()["error"]) == (404, True)
    assert client.delete(f"{FEEDBACK}/x").status_code == 404


def test_other_hosts_and_other_types_of_body_are_kept_out(client: TestClient, store: FeedbackStore) -> None:
    event = client.post(FEEDBACK, json=BODY).json()["id"]
    for answer in (
        client.post(FEEDBACK, json=BODY, headers={"host": "evil.example"}),
        client.delete(f"{FEEDBACK}/{event}", headers={"host": "evil.example"}),
        client.post(FEEDBACK, content=b"{}", headers={"content-type": "text/plain"}),
        client.post(f"{FEEDBACK}/{event}/later", content=b"{}", headers={"content-type": "text/plain"}),
        client.post(FEEDBACK, content=b"{" + b" " * 2_000_001, headers={"content-type": "application/json"}),
    ):
        assert answer.status_code in (400, 413)
    assert [one.forgotten for one in store.events()] == [False]
