"""llama.cpp's bodies and replies: where a completion ends, and which fields a client gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.errors import RequestError
from dlcodegen_core.serving.wire.llama_cpp import Measured, Writing, read_completion, read_infill, reply
from tests.serving.wire.llama_vim_request import LLAMA_VIM

CODE = st.text(st.sampled_from("ab \t\n"), max_size=60)


def test_what_llama_vim_sends_is_read() -> None:
    wish = read_infill(LLAMA_VIM)
    assert wish.request is not None
    assert wish.request.prompt == "def add(a, b):\n    ret"
    assert wish.request.suffix == "\n\nprint(add(1, 2))\n"
    assert wish.request.context == ("import os",)
    assert (wish.request.max_tokens, wish.indent, wish.predict_ms, wish.stream) == (128, 4, 250.0, False)
    assert not wish.truncated


def test_a_request_that_wants_no_token_is_one_to_get_ready() -> None:
    wish = read_infill({**LLAMA_VIM, "n_predict": 0, "prompt": "", "input_prefix": "", "response_fields": [""]})
    assert wish.request is None
    assert reply(wish, "", "v1", Measured(0, 0, 0, 0), "limit") == {}


def test_a_prompt_of_completion_may_carry_marks() -> None:
    wish = read_completion({"prompt": "<fim_prefix>a = <fim_suffix>\nb<fim_middle>"})
    assert wish.request is not None and (wish.request.prompt, wish.request.suffix) == ("a = ", "\nb")


@pytest.mark.parametrize("body", [{}, {"prompt": [1, 2]}, {"prompt": ["a"]}, {"prompt": {"prompt_string": "a"}}])
def test_a_prompt_that_is_no_text_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(RequestError, match="prompt"):
        read_completion(body)


def test_too_long_a_text_is_cut_and_told() -> None:
    assert read_infill({"input_prefix": "x = 1\n" * 20_000}).truncated


def test_a_client_gets_the_fields_it_asked_for_as_flat_keys() -> None:
    told = reply(read_infill(LLAMA_VIM), "urn a + b", "v1", Measured(10, 20.0, 8.0, 4), "eos")
    assert told == {
        "content": "urn a + b",
        "timings/prompt_ms": 20.0,
        "timings/predicted_n": 4,
        "truncated": False,
        "tokens_cached": 0,
    }
    body = {key: value for key, value in LLAMA_VIM.items() if key != "response_fields"}
    told = reply(read_infill(body), "urn a + b", "v1", Measured(10, 20.0, 8.0, 4), "eos")
    assert told["timings"]["predicted_per_second"] == 500.0
    assert (told["model"], told["stop"], told["tokens_evaluated"]) == ("v1", True, 10)


def test_before_a_line_that_is_indented_less_it_ends() -> None:
    writing = Writing(4, 0.0)
    shown = [writing.add(piece, 0.0) for piece in ("return a", "\n\n    ", "b = 1", "\n", "c", " = 2")]
    assert writing.over and writing.text == "return a\n\n    b = 1\n"
    assert "".join(shown) == writing.text


def test_the_line_of_the_cursor_may_begin_anywhere_and_a_tab_is_one_blank() -> None:
    writing = Writing(1, 0.0)
    writing.add("x\n\ty\n", 0.0)
    assert not writing.over


def test_when_the_time_is_up_it_ends_once_a_line_is_whole() -> None:
    writing = Writing(0, 250.0)
    writing.add("first", 100.0)
    writing.add(" line", 900.0)
    assert not writing.over
    writing.add("\n", 901.0)
    assert writing.over and writing.timed_out
    patient = Writing(0, 0.0)
    patient.add("a\nb", 1e9)
    assert not patient.over


@given(st.lists(CODE, max_size=12), st.integers(0, 4))
def test_what_is_shown_adds_up_to_the_text(pieces: list[str], indent: int) -> None:
    writing, shown = Writing(indent, 0.0), ""
    for piece in pieces:
        shown += writing.add(piece, 0.0)
        assert writing.text.startswith(shown)
        if writing.over:
            break
    assert shown + writing.rest() == writing.text
    assert "".join(pieces).startswith(writing.text)
    for line in writing.text.split("\n")[1:]:
        assert not line.strip() or len(line) - len(line.lstrip()) >= indent
