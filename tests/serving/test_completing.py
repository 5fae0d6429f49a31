"""Editors before a DeepCodeNet, which knows neither suffixes nor samples: it completes all the same."""

import json
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from dlcodegen_core.serving import llama_cpp_routes, ollama_routes, openai_routes
from tests.explain.trained_model import PAIRS, Trained
from tests.serving.base_service import base_client

PAIR, FIRST_TOKEN = PAIRS[0], "close"


@pytest.fixture(scope="module")
def client(trained_small: Trained) -> Iterator[TestClient]:
    routes = [*openai_routes.ROUTES, *llama_cpp_routes.ROUTES, *ollama_routes.ROUTES]
    with base_client(trained_small.versions.parent, routes) as client:
        yield client


def test_a_suffix_and_a_temperature_are_left_out_for_it(client: TestClient) -> None:
    plain = client.post("/v1/completions", json={"prompt": PAIR.prompt, "max_tokens": 1}).json()
    assert plain["choices"][0]["text"] == FIRST_TOKEN
    body = {"prompt": PAIR.prompt, "suffix": "\n\nx = 1\n", "temperature": 0.8, "max_tokens": 1}
    told = client.post("/v1/completions", json=body).json()
    assert (told["choices"], told["usage"]["completion_tokens"]) == (plain["choices"], 1)
    assert told["model"].startswith("v")


def test_streams_of_all_protocols_complete_with_it(client: TestClient) -> None:
    body = {"prompt": PAIR.prompt, "suffix": "\n", "max_tokens": 1, "stream": True}
    parts = client.post("/v1/completions", json=body).text.split("\n\n")[:-2]
    told = [json.loads(part.removeprefix("data: "))["choices"][0]["text"] for part in parts]
    assert "".join(told) == FIRST_TOKEN
    infill = {"input_prefix": PAIR.prompt, "input_suffix": "\n", "n_predict": 1, "t_max_predict_ms": 1000}
    assert client.post("/infill", json=infill).json()["content"] == FIRST_TOKEN
    generate = {"model": "dlcodegen", "prompt": PAIR.prompt, "suffix": "\n", "options": {"num_predict": 1}}
    lines = client.post("/api/generate", json=generate).text.splitlines()
    assert "".join(json.loads(line)["response"] for line in lines) == FIRST_TOKEN
    shown = client.post("/api/show", json={"model": "dlcodegen"}).json()
    assert shown["capabilities"] == ["completion"] and ".Suffix" not in shown["template"]


def test_probabilities_of_its_tokens_are_refused_in_words(client: TestClient) -> None:
    answer = client.post("/v1/completions", json={"prompt": PAIR.prompt, "logprobs": 1})
    assert answer.status_code == 400
    assert "Leave logprobs out" in answer.json()["error"]["message"]
