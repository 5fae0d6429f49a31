"""Ollama's bodies and replies."""

from datetime import UTC, datetime

import pytest

from dlcodegen_core.errors import RequestError
from dlcodegen_core.inference.prediction import MAX_TOKENS
from dlcodegen_core.serving.wire.counting import Spent
from dlcodegen_core.serving.wire.ollama import Done, moment, read_embed, read_generate, reply

NOW = datetime(2026, 1, 2, 3, 4, 5, 678, UTC)


def test_a_body_is_read_with_ollamas_defaults() -> None:
    wish = read_generate({"model": "dlcodegen", "prompt": "x = ", "raw": True, "keep_alive": "5m", "think": False})
    assert wish.request is not None
    assert (wish.request.prompt, wish.request.max_tokens, wish.stream, wish.loading) == ("x = ", 128, True, False)


def test_options_are_read() -> None:
    options = {"num_predict": -1, "temperature": 0.9, "top_k": 3, "top_p": 0.5, "seed": 4, "stop": ["\n"], "num_ctx": 9}
    request = read_generate({"model": "v1", "prompt": "x", "suffix": "y", "options": options}).request
    assert request is not None
    assert (request.max_tokens, request.temperature, request.top_k, request.top_p) == (MAX_TOKENS, 0.9, 3, 0.5)
    assert (request.seed, request.stop, request.suffix) == (4, ("\n",), "y")


def test_a_body_without_a_prompt_has_the_model_got_ready() -> None:
    wish = read_generate({"model": "v1"})
    assert wish.request is None and wish.loading


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"prompt": "x"}, "lacks model"),
        ({"model": "v1", "prompt": "x", "options": []}, "options is"),
        ({"model": "v1", "prompt": "x", "options": {"temperature": "hot"}}, r"options\.temperature is 'hot'"),
        ({"model": "v1", "prompt": "x", "stream": "no"}, "Use true or false"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(body: dict[str, object], told: str) -> None:
    with pytest.raises(RequestError, match=told):
        read_generate(body)


def test_no_text_has_no_vector_but_an_empty_one_among_others_has_one() -> None:
    assert read_embed({"model": "v1", "input": ""}, "input").texts == ()
    assert read_embed({"model": "v1", "input": ["", "a"]}, "input").texts == ("", "a")
    assert read_embed({"name": "v1", "prompt": "a"}, "prompt").model == "v1"


def test_durations_are_whole_nanoseconds() -> None:
    spent = Spent.of({"cache look-up": 0.5, "model load": 1.0, "reading": 2.0, "decode": 3.5, "parsing": 1.0})
    told = reply("dlcodegen", "1", NOW, Done("stop", 9.5, spent, 3, 1), "v2")
    assert (told["total_duration"], told["load_duration"]) == (9_500_000, 1_000_000)
    assert (told["prompt_eval_duration"], told["eval_duration"]) == (2_000_000, 5_000_000)
    assert (told["prompt_eval_count"], told["eval_count"], told["version"]) == (3, 1, "v2")


def test_moments_are_told_in_utc() -> None:
    assert moment(NOW) == "2026-01-02T03:04:05.000678Z"
