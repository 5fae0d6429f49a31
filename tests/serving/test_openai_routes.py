"""OpenAI's protocol over HTTP, with a real model behind it."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from dlcodegen_core.serving import openai_routes
from tests.serving.base_service import base_client

PROMPT = "import json\n\n\ndef load(path):\n    with open(path) as file:\n        return json."


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with base_client(tmp_path_factory.mktemp("openai") / "home", openai_routes.ROUTES) as client:
        yield client


def complete(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/completions", json={"prompt": PROMPT, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def events(client: TestClient, **body: Any) -> list[dict[str, Any]]:
    """The events of a stream, which has to end as OpenAI's do."""
    answer = client.post("/v1/completions", json={"prompt": PROMPT, "stream": True, **body})
    assert answer.headers["content-type"].startswith("text/event-stream")
    parts = answer.text.split("\n\n")
    assert parts[-2:] == ["data: [DONE]", ""]
    return [json.loads(part.removeprefix("data: ")) for part in parts[:-2]]


def test_a_prompt_is_completed_and_counted(client: TestClient) -> None:
    told = complete(client, max_tokens=6)
    (choice,) = told["choices"]
    assert told["id"].startswith("cmpl-") and told["object"] == "text_completion" and told["model"] == "base"
    assert choice["text"] and choice["finish_reason"] in ("stop", "length")
    usage = told["usage"]
    assert 0 < usage["completion_tokens"] <= 6 and usage["prompt_tokens"] > 10
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_it_ends_before_a_stop_string(client: TestClient) -> None:
    (choice,) = complete(client, max_tokens=40, stop="\n")["choices"]
    assert choice["finish_reason"] == "stop" and "\n" not in choice["text"]


def test_a_stream_adds_up_to_the_whole_reply(client: TestClient) -> None:
    for extra in ({"max_tokens": 20}, {"max_tokens": 21, "stop": ["\n"]}, {"max_tokens": 12, "echo": True}):
        told = events(client, **extra)
        assert "".join(each["choices"][0]["text"] for each in told) == complete(client, **extra)["choices"][0]["text"]
        assert [each["choices"][0]["finish_reason"] for each in told[:-1]] == [None] * (len(told) - 1)
        assert told[-1]["choices"][0]["finish_reason"] in ("stop", "length")
        assert len({each["id"] for each in told}) == 1


def test_a_stream_tells_its_usage_if_that_is_wanted(client: TestClient) -> None:
    told = events(client, max_tokens=8, stream_options={"include_usage": True})
    assert told[-1]["choices"] == [] and told[-1]["usage"] == complete(client, max_tokens=8)["usage"]
    assert {each["usage"] for each in told[:-1]} == {None}


def test_several_choices_differ_and_several_prompts_keep_their_order(client: TestClient) -> None:
    told = complete(client, prompt=["import ", "x = "], n=2, max_tokens=8, stop="\n")
    assert [each["index"] for each in told["choices"]] == [0, 1, 2, 3]
    texts = [each["text"] for each in told["choices"]]
    assert texts[0] != texts[1] and texts[2] != texts[3]
    streamed = events(client, prompt=["import ", "x = "], n=2, max_tokens=8, stop="\n")
    for index, text in enumerate(texts):
        parts = [each["choices"][0] for each in streamed]
        assert "".join(part["text"] for part in parts if part["index"] == index) == text


def test_marks_in_the_prompt_mean_a_suffix(client: TestClient) -> None:
    marked = complete(client, prompt="<fim_prefix>def add(a, b):\n    <fim_suffix>\n\nadd(1, 2)<fim_middle>")
    beside = complete(client, prompt="def add(a, b):\n    ", suffix="\n\nadd(1, 2)")
    assert marked["choices"][0]["text"] == beside["choices"][0]["text"]


def test_each_token_is_told_with_its_probability(client: TestClient) -> None:
    (choice,) = complete(client, max_tokens=6, logprobs=2)["choices"]
    told = choice["logprobs"]
    assert "".join(told["tokens"]) == choice["text"]
    assert all(value <= 0 for value in told["token_logprobs"])
    assert [len(top) for top in told["top_logprobs"]] == [2] * len(told["tokens"])
    # The likeliest text was asked for, so each token is the likeliest of its place, or nearly so.
    assert told["token_logprobs"][-1] == max(told["top_logprobs"][-1].values())
    (streamed, _end) = events(client, max_tokens=6, logprobs=2)
    assert streamed["choices"][0]["logprobs"] == told


def test_echo_repeats_the_prompt_also_without_a_completion(client: TestClient) -> None:
    told = complete(client, max_tokens=0, echo=True)
    assert told["choices"][0]["text"] == PROMPT
    assert told["usage"]["completion_tokens"] == 0 and told["usage"]["prompt_tokens"] > 10
    assert complete(client, max_tokens=3, echo=True)["choices"][0]["text"].startswith(PROMPT)


def test_at_the_top_of_a_file_there_is_nothing_to_go_on_from(client: TestClient) -> None:
    told = complete(client, prompt="<fim_prefix><fim_suffix>\nimport os\n<fim_middle>")
    assert told["choices"][0] == {"text": "", "index": 0, "logprobs": None, "finish_reason": "stop"}


@pytest.mark.parametrize("name", ["", "production", "dlcodegen", "base", "gpt-3.5-turbo-instruct", "../../etc/passwd"])
def test_any_model_may_be_named_and_the_one_that_answered_is_told(client: TestClient, name: str) -> None:
    assert complete(client, model=name, max_tokens=2)["model"] == "base"


def test_the_candidate_is_not_found_while_there_is_none(client: TestClient) -> None:
    answer = client.post("/v1/completions", json={"prompt": PROMPT, "model": "candidate"})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"


def test_models_are_listed_and_found_by_name(client: TestClient) -> None:
    listed = client.get("/v1/models").json()
    assert listed["object"] == "list"
    assert [(each["id"], each["root"]) for each in listed["data"]] == [("dlcodegen", "base"), ("base", "base")]
    assert client.get("/v1/models/base").json() == listed["data"][1]
    missing = client.get("/v1/models/some/other")
    assert missing.status_code == 404
    assert "some/other" in missing.json()["error"]["message"]


def test_texts_become_unit_vectors(client: TestClient) -> None:
    texts = ["def add(a, b):", "class Box:"]
    told = client.post("/v1/embeddings", json={"model": "any", "input": texts}).json()
    assert told["model"] == "all-MiniLM-L6-v2"
    rows = np.array([each["embedding"] for each in told["data"]])
    assert rows.shape == (2, 384)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    packed = client.post("/v1/embeddings", json={"input": texts[0], "encoding_format": "base64"}).json()
    assert np.allclose(np.frombuffer(base64.b64decode(packed["data"][0]["embedding"]), "<f4"), rows[0])


@pytest.mark.parametrize(
    ("body", "told"),
    [({"prompt": [1, 2]}, "list of tokens"), ({"prompt": PROMPT, "n": 99}, "n is 99"), ([], "not a JSON object")],
)
def test_errors_have_openais_shape(client: TestClient, body: object, told: str) -> None:
    answer = client.post("/v1/completions", json=body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert told in error["message"] and error["type"] == "invalid_request_error"
    assert set(error) == {"message", "type", "param", "code"}


def test_an_error_is_told_before_a_stream_begins(client: TestClient) -> None:
    answer = client.post("/v1/completions", json={"prompt": PROMPT, "stream": True, "model": "candidate"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")


def test_chat_is_told_to_use_completions(client: TestClient) -> None:
    answer = client.post("/v1/chat/completions", json={"model": "x", "messages": []})
    assert answer.status_code == 404
    assert "/v1/completions" in answer.json()["error"]["message"]


def test_another_host_gets_nothing(client: TestClient) -> None:
    assert client.get("/v1/models", headers={"host": "evil.example"}).status_code >= 400


@pytest.mark.parametrize("session", ["a" * 201, "a\x7fb"])
def test_a_session_that_is_no_name_is_refused(client: TestClient, session: str) -> None:
    answer = client.post("/v1/completions", json={"prompt": PROMPT}, headers={"X-Editor-Session": session})
    assert answer.status_code == 400
