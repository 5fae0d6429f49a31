"""OpenAI's bodies and replies."""

import base64

import numpy as np
import pytest

from dlcodegen_core.errors import RequestError
from dlcodegen_core.inference.prediction import MAX_TOKENS
from dlcodegen_core.serving.wire.counting import TokenProbability
from dlcodegen_core.serving.wire.openai import choice, embeddings, read_completion, read_embedding


def test_a_body_is_read_with_openais_defaults() -> None:
    wish = read_completion({"model": "v3", "prompt": "x = "})
    (request,) = wish.requests
    assert request is not None
    assert (request.prompt, request.max_tokens, request.temperature, request.stop) == ("x = ", 16, 0.0, ())
    assert (wish.model, wish.count, wish.stream, wish.echo, wish.logprobs) == ("v3", 1, False, False, None)


def test_all_that_a_body_may_hold_is_read() -> None:
    wish = read_completion(
        {
            "prompt": ["a", "b"], "suffix": "c", "max_tokens": 9999, "n": 2, "best_of": 5, "stop": ["\n", "#"],
            "stream": True, "stream_options": {"include_usage": True}, "user": "ann", "logprobs": 3,
            "frequency_penalty": 0.5, "logit_bias": {}, "temperature": None,
        }
    )  # fmt: skip
    assert [request.prompt for request in wish.requests if request] == ["a", "b"]
    (first, _second) = wish.requests
    assert first is not None
    assert (first.suffix, first.max_tokens, first.beams, first.stop) == ("c", MAX_TOKENS, 5, ("\n", "#"))
    assert (wish.count, wish.with_usage, wish.user, wish.logprobs) == (2, True, "ann", 3)


def test_a_suffix_beside_the_prompt_goes_before_marks_within_it() -> None:
    prompt = "<fim_prefix>a<fim_suffix>b<fim_middle>"
    (marked,), (beside,) = (
        read_completion({"prompt": prompt}).requests,
        read_completion({"prompt": prompt, "suffix": "s"}).requests,
    )
    assert marked is not None and (marked.prompt, marked.suffix) == ("a", "b")
    assert beside is not None and (beside.prompt, beside.suffix) == (prompt, "s")


def test_an_empty_prompt_and_no_tokens_ask_nothing() -> None:
    assert read_completion({"prompt": ""}).requests == (None,)
    assert read_completion({"prompt": "x", "max_tokens": 0}).requests == (None,)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "lacks prompt"),
        ({"prompt": []}, "empty list"),
        ({"prompt": [1, 2, 3]}, "list of tokens"),
        ({"prompt": [[1, 2], [3]]}, "list of tokens"),
        ({"prompt": ["x"] * 129}, "prompt has 129 entries. Use at most 128"),
        ({"prompt": {"a": 1}}, "prompt is"),
        ({"prompt": "x", "n": 3, "best_of": 2}, "best_of of at least n"),
        ({"prompt": "x", "max_tokens": -1}, "max_tokens is -1"),
        ({"prompt": "x", "logprobs": 9}, "logprobs is 9. Use a whole number from 0 to 5"),
        ({"prompt": "x", "logprobs": 1, "echo": True}, "echo and logprobs"),
        ({"prompt": "x" * 100_001}, "at most 100,000"),
        ({"prompt": "x", "user": "a\nb"}, "printable"),
        ({"prompt": "x", "model": 3}, "model is 3"),
        ({"prompt": "\ud800x"}, "surrogate"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(body: dict[str, object], told: str) -> None:
    with pytest.raises(RequestError, match=told):
        read_completion(body)


def test_probabilities_are_told_with_where_each_token_begins() -> None:
    told = choice(0, "a.b", "stop", [TokenProbability("a.", -0.5, {"a.": -0.5}), TokenProbability("b", -1.0, {})])
    assert told["logprobs"] == {
        "tokens": ["a.", "b"],
        "token_logprobs": [-0.5, -1.0],
        "top_logprobs": [{"a.": -0.5}, {}],
        "text_offset": [0, 2],
    }


def test_vectors_come_as_numbers_or_as_base64_of_the_same_floats() -> None:
    vectors = np.zeros((1, 384), np.float32)
    vectors[0, :2] = 0.6, 0.8
    numbers = embeddings(read_embedding({"input": "x"}), "m", vectors, 1)["data"][0]["embedding"]
    packed = embeddings(read_embedding({"input": "x", "encoding_format": "base64"}), "m", vectors, 1)
    assert len(numbers) == 384
    assert np.frombuffer(base64.b64decode(packed["data"][0]["embedding"]), "<f4").tolist() == numbers


def test_fewer_dimensions_are_of_unit_length_again() -> None:
    vectors = np.full((2, 384), 384**-0.5, np.float32)
    for each in embeddings(read_embedding({"input": ["x", "y"], "dimensions": 4}), "m", vectors, 2)["data"]:
        assert each["embedding"] == [0.5] * 4


@pytest.mark.parametrize(
    "body", [{}, {"input": ""}, {"input": ["a", " "]}, {"input": [1]}, {"input": "x", "dimensions": 385},
             {"input": "x", "encoding_format": "hex"}, {"input": "x", "encoding_format": []}]
)  # fmt: skip
def test_texts_that_have_no_vector_are_refused(body: dict[str, object]) -> None:
    with pytest.raises(RequestError):
        read_embedding(body)
