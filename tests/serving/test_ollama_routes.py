"""Ollama's protocol over HTTP, with a real model behind it. The official client is in tests/services."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from dlcodegen_core.serving import ollama_routes
from tests.serving.base_service import base_client

PROMPT = "import json\n\n\ndef load(path):\n    with open(path) as file:\n        return json."


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with base_client(tmp_path_factory.mktemp("ollama") / "home", ollama_routes.ROUTES) as client:
        yield client


def generate(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/api/generate", json={"model": "dlcodegen", "prompt": PROMPT, "stream": False, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def lines(client: TestClient, **body: Any) -> list[dict[str, Any]]:
    answer = client.post("/api/generate", json={"model": "dlcodegen", "prompt": PROMPT, **body})
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(each) for each in answer.text.splitlines()]


def test_a_stream_is_the_default_and_adds_up_to_the_whole_reply(client: TestClient) -> None:
    for options in ({"num_predict": 12}, {"num_predict": 30, "stop": ["\n"]}):
        told = lines(client, options=options)
        assert [each["done"] for each in told] == [False] * (len(told) - 1) + [True]
        whole = generate(client, options=options)
        assert "".join(each["response"] for each in told) == whole["response"] != ""
        assert told[-1]["eval_count"] == whole["eval_count"]


def test_counts_and_durations_are_told(client: TestClient) -> None:
    told = generate(client, prompt=f"{PROMPT}lo", options={"num_predict": 5})
    assert (told["model"], told["version"], told["done"]) == ("dlcodegen", "base", True)
    assert told["done_reason"] in ("stop", "length")
    assert told["prompt_eval_count"] > 10 and 0 < told["eval_count"] <= 5
    parts = told["load_duration"] + told["prompt_eval_duration"] + told["eval_duration"]
    assert 0 < parts <= told["total_duration"]


def test_a_suffix_is_filled_in_before(client: TestClient) -> None:
    body = {"prompt": "class Box:\n    def first(self):\n        return self.", "options": {"stop": ["\n"]}}
    without = generate(client, **body)["response"]
    behind = "\n\n    def second(self):\n        return self.zorblatt_counter\n" * 2
    assert "zorblatt" not in without
    assert "zorblatt" in generate(client, suffix=behind, **body)["response"]


@pytest.mark.parametrize("name", ["dlcodegen", "dlcodegen:latest", "production", "base", "base:latest"])
def test_our_names_are_answered_to(client: TestClient, name: str) -> None:
    assert generate(client, model=name, options={"num_predict": 2})["model"] == name
    assert client.post("/api/show", json={"model": name if name != "production" else "base"}).status_code == 200


@pytest.mark.parametrize("path", ["/api/generate", "/api/show", "/api/embed", "/api/embeddings"])
def test_any_other_name_is_not_found(client: TestClient, path: str) -> None:
    answer = client.post(path, json={"model": "llama3:8b", "prompt": "x", "input": "x"})
    assert answer.status_code == 404
    assert "'llama3:8b'" in answer.json()["error"]


def test_an_empty_prompt_has_the_model_got_ready(client: TestClient) -> None:
    told = generate(client, prompt="")
    assert (told["response"], told["done_reason"]) == ("", "load")
    (only,) = lines(client, prompt="")
    assert only["done_reason"] == "load"
    assert [each["name"] for each in client.get("/api/ps").json()["models"]] == ["dlcodegen:latest", "base:latest"]


def test_what_there_is_is_listed(client: TestClient) -> None:
    listed = client.get("/api/tags").json()["models"]
    assert [each["name"] for each in listed] == ["dlcodegen:latest", "base:latest"]
    assert all(each["size"] > 1_000_000 and len(each["digest"]) == 64 for each in listed)
    assert client.get("/api/version").json()["version"].count(".") == 2
    shown = client.post("/api/show", json={"name": "dlcodegen"}).json()
    assert shown["capabilities"] == ["completion", "insert"]
    assert ".Suffix" in shown["template"]  # by which Continue knows that gaps are filled


def test_texts_become_vectors(client: TestClient) -> None:
    told = client.post("/api/embed", json={"model": "dlcodegen", "input": ["x = 1", ""]}).json()
    rows = np.array(told["embeddings"])
    assert rows.shape == (2, 384) and np.isclose(np.linalg.norm(rows[0]), 1)
    assert not rows[1].any()  # an empty text has no direction here
    old = client.post("/api/embeddings", json={"model": "all-minilm-l6-v2", "prompt": "x = 1"}).json()
    assert np.allclose(old["embedding"], rows[0])
    assert client.post("/api/embed", json={"model": "dlcodegen", "input": ""}).json()["embeddings"] == []


@pytest.mark.parametrize(
    ("body", "told"), [({"prompt": "x"}, "lacks model"), ({"model": "base", "prompt": 3}, "prompt")]
)
def test_errors_are_a_sentence(client: TestClient, body: dict[str, object], told: str) -> None:
    answer = client.post("/api/generate", json=body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"} and told in answer.json()["error"]


def test_chat_is_told_to_use_generate(client: TestClient) -> None:
    answer = client.post("/api/chat", json={"model": "dlcodegen", "messages": []})
    assert answer.status_code == 404
    assert "/api/generate" in answer.json()["error"]
