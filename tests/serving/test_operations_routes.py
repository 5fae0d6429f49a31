"""Health, readiness and numbers, of a real service behind the real gate."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dlcodegen_core import DLCodeGen, Settings
from dlcodegen_core.models import base_model
from dlcodegen_core.serving import design_routes
from dlcodegen_core.serving.guarded import guard
from dlcodegen_core.serving.operations_routes import ROUTES
from tests.explain.trained_model import Trained

HERE = "http://127.0.0.1:8600"
OWN = [*ROUTES, *design_routes.ROUTES]


@pytest.fixture
def service(trained_small: Trained, monkeypatch: pytest.MonkeyPatch) -> Iterator[DLCodeGen]:
    """A service that can answer."""
    service = DLCodeGen(Settings(home=trained_small.versions.parent, embedder="local"))
    monkeypatch.setattr(DLCodeGen, "_instance", service)
    yield service
    service.close()


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DLCodeGen]:
    """A service that has nothing to answer with."""
    monkeypatch.setattr(base_model, "is_there", lambda: False)
    service = DLCodeGen(Settings(home=tmp_path / "home", embedder="local"))
    monkeypatch.setattr(DLCodeGen, "_instance", service)
    yield service
    service.close()


def _client() -> TestClient:
    return TestClient(Starlette(routes=OWN, middleware=[guard(OWN)]), HERE, client=("127.0.0.1", 5))


def _number(page: str, line: str) -> float:
    found = re.search(rf"^{re.escape(line)} (\S+)$", page, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_health_says_ok_and_nothing_more(empty: DLCodeGen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLCODEGEN_API_KEY", "laptop:one")
    answer = _client().get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_service_that_can_answer_is_ready(service: DLCodeGen) -> None:
    answer = _client().get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def test_a_service_without_a_model_is_not_ready_and_says_so(empty: DLCodeGen) -> None:
    answer = _client().get("/ready")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "model": "There is no model yet. Train one."}


def test_a_service_without_its_database_is_not_ready_and_tells_no_path(
    service: DLCodeGen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "damaged.sqlite").write_bytes(b"this is no database" * 100)
    broken = DLCodeGen(
        Settings(service.settings.home, embedder="local", database_url=f"sqlite:///{tmp_path}/damaged.sqlite")
    )
    monkeypatch.setattr(DLCodeGen, "_instance", broken)
    answer = _client().get("/ready")
    assert (answer.status_code, answer.json()["database"]) == (503, "The database cannot be opened. The log says why.")
    assert "damaged" not in answer.text
    broken.close()


def test_the_numbers_count_what_was_asked_and_answered(service: DLCodeGen) -> None:
    client = _client()
    before = client.get("/metrics").text
    answers = [client.post("/api/dl-codegen/predict", json={"prompt": "import numbered"}) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    client.post("/api/dl-codegen/predict", json={})
    client.get("/nowhere")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    version = answers[0].json()["version"]
    grown = {
        line: _number(answer.text, line) - _number(before, line)
        for line in (
            'dlcodegen_http_requests_total{method="POST",route="/api/dl-codegen/predict",status="200"}',
            'dlcodegen_http_requests_total{method="POST",route="/api/dl-codegen/predict",status="400"}',
            'dlcodegen_http_requests_total{method="GET",route="unknown",status="404"}',
            f'dlcodegen_completions_total{{cached="no",version="{version}"}}',
            f'dlcodegen_completions_total{{cached="yes",version="{version}"}}',
            'dlcodegen_stage_seconds_count{stage="forward"}',
        )
    }
    assert list(grown.values()) == [3, 1, 1, 1, 2, 1]
    assert _number(answer.text, f'dlcodegen_model_info{{version="{version}"}}') == 1
    assert _number(answer.text, "dlcodegen_requests_in_flight") == 1  # the one that asks
    assert "import numbered" not in answer.text


def test_the_numbers_ask_for_a_key_where_keys_are_set(empty: DLCodeGen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLCODEGEN_API_KEY", "prometheus:one")
    client = _client()
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"authorization": "Bearer one"}).status_code == 200


def test_a_completion_is_noted_on_its_request(service: DLCodeGen) -> None:
    _client().post("/api/dl-codegen/predict", json={"prompt": "def noted"}, headers={"x-request-id": "noted"})
    [request] = [one for one in service.requests.live.latest() if one.id == "noted"]
    assert (request.who, request.way, request.status) == ("127.0.0.1", "POST /api/dl-codegen/predict", 200)
    assert (request.answers, request.cached) == (1, False)
    assert request.version == service.versions.answering()
    assert "forward" in request.latency_ms
