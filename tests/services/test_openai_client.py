"""OpenAI's own Python client against a server of ours."""

import asyncio
import time
from collections.abc import Iterator

import httpx
import numpy as np
import openai
import pytest

pytestmark = pytest.mark.service

PROMPT = "import json\n\n\ndef load(path):\n    with open(path) as file:\n        return json."


@pytest.fixture(scope="module")
def client(sequence_server: str) -> Iterator[openai.OpenAI]:
    with (
        httpx.Client(trust_env=False) as transport,
        openai.OpenAI(base_url=f"{sequence_server}/v1", api_key="none", http_client=transport, max_retries=0) as client,
    ):
        yield client


def test_a_completion_and_its_stream_say_the_same(client: openai.OpenAI) -> None:
    options = {"model": "v1", "prompt": PROMPT, "max_tokens": 24}
    whole = client.completions.create(**options)
    assert whole.model == "v1" and whole.choices[0].text and whole.usage
    parts = list(client.completions.create(stream=True, stream_options={"include_usage": True}, **options))
    assert "".join(part.choices[0].text for part in parts if part.choices) == whole.choices[0].text
    assert parts[-1].usage == whole.usage
    assert parts[-2].choices[0].finish_reason == whole.choices[0].finish_reason


def test_choices_probabilities_and_a_suffix_are_understood(client: openai.OpenAI) -> None:
    told = client.completions.create(
        model="anything", prompt=PROMPT, suffix="\n\n\nload('a')\n", max_tokens=16, n=3, stop=["\n"], logprobs=1
    )
    assert [choice.index for choice in told.choices] == [0, 1, 2]
    logprobs = told.choices[0].logprobs
    assert logprobs is not None and "".join(logprobs.tokens or []) == told.choices[0].text


def test_a_stream_that_is_left_stops_its_decoding(client: openai.OpenAI, sequence_server: str) -> None:
    # Together these would be decoded for about three seconds.
    for number in range(6):
        stream = client.completions.create(
            model="v1",
            prompt=f"# left {number}\nclass Box:\n    ",
            max_tokens=256,
            stream=True,
            temperature=1.0,
            seed=1,
        )
        next(iter(stream))
        stream.close()
    begun = time.monotonic()
    client.completions.create(model="v1", prompt="# after those\nx = ", max_tokens=1)
    assert time.monotonic() - begun < 1.0


def test_a_newer_request_of_an_editors_session_ends_the_older(sequence_server: str) -> None:
    async def ask(http: httpx.AsyncClient, number: int, tokens: int) -> int:
        body = {"prompt": f"# typed {number}\nclass Box:\n    ", "max_tokens": tokens, "temperature": 1.0}
        headers = {"X-Editor-Session": "one"}
        return (await http.post("/v1/completions", json=body, headers=headers, timeout=60)).status_code

    async def type_on() -> list[int]:
        async with httpx.AsyncClient(base_url=sequence_server, trust_env=False) as http:
            older = asyncio.ensure_future(ask(http, 1, 256))
            await asyncio.sleep(0.1)
            return [await ask(http, 2, 2), await older]

    newer, older = asyncio.run(type_on())
    assert newer == 200
    assert older in (200, 499)  # 200 only where the older was faster than its successor came


def test_models_and_vectors(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()][:2] == ["dlcodegen", "v1"]
    assert client.models.retrieve("v1").owned_by == "dlcodegen"
    told = client.embeddings.create(model="any", input=["x = 1", "y = 2"], dimensions=64)
    assert np.array([each.embedding for each in told.data]).shape == (2, 64)


def test_errors_are_the_clients_own_exceptions(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="list of tokens"):
        client.completions.create(model="v1", prompt=[1, 2, 3])
    with pytest.raises(openai.NotFoundError, match="do not chat"):
        client.chat.completions.create(model="v1", messages=[{"role": "user", "content": "hello"}])
    with pytest.raises(openai.NotFoundError, match="no model 'v9'"):
        client.models.retrieve("v9")
