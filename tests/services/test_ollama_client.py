"""Ollama's own Python client against a server of ours."""

from collections.abc import Iterator

import httpx
import numpy as np
import ollama
import pytest

pytestmark = pytest.mark.service

PROMPT = "import json\n\n\ndef load(path):\n    with open(path) as file:\n        return json."


@pytest.fixture(scope="module")
def client(sequence_server: str) -> Iterator[ollama.Client]:
    client = ollama.Client(host=sequence_server, trust_env=False)
    yield client
    client._client.close()  # it has no method for it


def test_a_completion_and_its_stream_say_the_same(client: ollama.Client) -> None:
    options = {"num_predict": 24, "temperature": 0}
    whole = client.generate("dlcodegen", PROMPT, options=options)
    assert whole.response and whole.done and whole.done_reason in ("stop", "length")
    assert whole.eval_count and whole.eval_duration and whole.total_duration and whole.prompt_eval_count
    parts = list(client.generate("v1:latest", PROMPT, options=options, stream=True))
    assert "".join(part.response or "" for part in parts) == whole.response
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert parts[-1].eval_count == whole.eval_count


def test_a_suffix_is_filled_in_before(client: ollama.Client) -> None:
    behind = "\n\n    def second(self):\n        return self.zorblatt_counter\n" * 2
    prompt = "class Box:\n    def first(self):\n        return self."
    told = client.generate("dlcodegen", prompt, suffix=behind, options={"num_predict": 20, "stop": ["\n"]})
    assert told.response and "\n" not in told.response


def test_vectors(client: ollama.Client) -> None:
    told = client.embed("dlcodegen", ["x = 1", "class Box:"])
    rows = np.array(told.embeddings)
    assert rows.shape == (2, 384) and np.allclose(np.linalg.norm(rows, axis=1), 1)
    assert np.allclose(client.embeddings("dlcodegen", "x = 1").embedding, rows[0])


def test_what_there_is(client: ollama.Client, sequence_server: str) -> None:
    assert [model.model for model in client.list().models][:2] == ["dlcodegen:latest", "v1:latest"]
    assert client.show("v1").capabilities == ["completion", "insert"]
    client.generate("v1", "")  # as a client has a model got ready
    assert "v1:latest" in [model.name for model in client.ps().models]
    assert httpx.get(f"{sequence_server}/api/version", trust_env=False).json()["version"]


def test_errors_are_the_clients_own_exception(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="no model 'llama3'") as told:
        client.generate("llama3", "x")
    assert told.value.status_code == 404
    with pytest.raises(ollama.ResponseError, match="no model 'llama3'"):
        list(client.generate("llama3", "x", stream=True))
    with pytest.raises(ollama.ResponseError, match=r"options\.temperature") as told:
        client.generate("v1", "x", options={"temperature": 9})
    assert told.value.status_code == 400
    with pytest.raises(ollama.ResponseError, match="do not chat"):
        client.chat("v1", [{"role": "user", "content": "hello"}])
