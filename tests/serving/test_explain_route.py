"""Explanations over HTTP: the answer of both kinds of model, and a sentence for whatever is wrong."""

import json
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dlcodegen_core import DLCodeGen, Settings
from dlcodegen_core.models import base_model
from dlcodegen_core.serving.routes import routes
from tests.explain import trained_model

ADDRESS = "/api/dl-codegen/explain"
PROMPT = trained_model.prompt("piano", "open")


@pytest.fixture(scope="module")
def service(trained_small: trained_model.Trained) -> Iterator[DLCodeGen]:
    service = DLCodeGen(Settings(home=trained_small.versions.parent, embedder="local"))
    yield service
    service.close()


@pytest.fixture
def client(service: DLCodeGen, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(DLCodeGen, "_instance", service)
    with TestClient(Starlette(routes=routes()), base_url="http://127.0.0.1") as client:
        yield client


def test_deepcodenets_answer_comes_with_groups_and_the_strongest_numbers(client: TestClient) -> None:
    answer = client.post(ADDRESS, json={"prompt": PROMPT})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["model"], told["completion"], told["pushes"]["token"]) == ("deepcodenet", "close", "close")
    assert {group["name"] for group in told["pushes"]["groups"]} == {"embedding", "keywords", "ast", "syntax"}
    assert set(told["pushes"]["dimensions"][0]) == {"index", "name", "value", "percentile", "push"}
    assert set(told["latency_ms"]) == {"prediction", "explanation", "nearest pairs"}


def test_a_sequence_models_answer_comes_with_its_tokens(client: TestClient) -> None:
    if not base_model.is_there():
        pytest.skip("no base model is shipped with this checkout")
    body = {"prompt": "import os\nimport ", "version": "base", "completion": "sys"}
    told = client.post(ADDRESS, json=body).json()
    assert "".join(token["text"] for token in told["tokens"]) == "sys"
    assert set(told["tokens"][0]["shares"]) == {"network", "counts", "prompt", "neighbours", "base rate"}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "not text"),
        ({"prompt": ""}, "empty"),
        ({"prompt": "x", "colour": "red"}, "Unknown options: colour"),
        ({"prompt": "x", "completion": ["y"]}, "completion is list, not text"),
        ({"prompt": "x", "version": 3}, "version is int"),
        ({"prompt": "x", "context": "line"}, "context is str"),
        ({"prompt": "x", "max_tokens": "many"}, "max_tokens"),
        ({"prompt": "x", "completion": "\ud800"}, "half of a character"),
        (["prompt"], "not a JSON object"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(client: TestClient, body: object, told: str) -> None:
    content = json.dumps(body)
    answer = client.post(ADDRESS, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert told in answer.json()["error"]


def test_a_version_that_is_not_there_is_not_found(client: TestClient) -> None:
    assert client.post(ADDRESS, json={"prompt": "x", "version": "v99"}).status_code == 404


def test_a_page_of_another_site_is_not_answered(client: TestClient) -> None:
    answer = client.post(ADDRESS, json={"prompt": "x"}, headers={"host": "evil.example"})
    assert answer.status_code == 400 and "evil.example" in answer.json()["error"]
