"""Which words mattered: each is left out once."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.errors import RequestError
from dlcodegen_core.explain.occlusion import MAX_PIECES, occlude, pieces, without
from dlcodegen_core.inference.prediction import PredictionRequest
from tests.explain.trained_model import ANSWERS, Trained, prompt


def _texts(text: str) -> list[str]:
    return [text[start:end] for start, end in pieces(text)]


@pytest.mark.parametrize(("verb", "answer"), ANSWERS.items())
def test_the_word_that_the_answer_hangs_on_is_found(trained: Trained, verb: str, answer: str) -> None:
    found = occlude(trained.model, PredictionRequest(prompt("piano", verb)))
    strongest = max(found.spans, key=lambda span: span.push)
    assert found.token == answer
    assert found.text[strongest.start : strongest.end] == verb


def test_a_push_is_the_fall_of_the_tokens_log_probability(trained: Trained) -> None:
    text = prompt("piano", "open")
    found = occlude(trained.model, PredictionRequest(text))
    number = trained.model.vocabulary.class_of(found.token)
    for span in found.spans[::4]:
        texts = [text, without(text, span.start, span.end)]
        features = trained.model.pipeline.transform(texts, ["python"] * 2)
        values = trained.model.network.log_probabilities(features)[:, number]
        assert found.value == pytest.approx(float(values[0]), abs=1e-4)
        assert span.push == pytest.approx(float(values[0] - values[1]), abs=1e-4)


def test_another_token_can_be_asked_about(trained: Trained) -> None:
    request = PredictionRequest(prompt("piano", "open"))
    other = occlude(trained.model, request, token="halt")
    assert other.token == "halt" and other.value < occlude(trained.model, request).value
    pushes = {other.text[span.start : span.end]: span.push for span in other.spans}
    assert pushes["open"] < 0, "the word that speaks for another token speaks against this one"


def test_a_token_that_the_model_does_not_know_is_told(trained: Trained) -> None:
    with pytest.raises(RequestError, match="'teapot' is not in the vocabulary of model v1"):
        occlude(trained.model, PredictionRequest("x = "), token="teapot")


def test_the_context_is_a_part_of_the_text_and_the_prompt_is_at_its_end(trained: Trained) -> None:
    request = PredictionRequest(prompt("piano", "open"), context=("import music", "tuned = True"))
    found = occlude(trained.model, request)
    assert found.text[found.prompt_start :] == request.prompt
    assert found.text[: found.prompt_start] == "import music\ntuned = True\n"
    assert (found.spans[0].start, found.spans[-1].end) == (0, len(found.text))


def test_a_prompt_of_one_word_is_left_out_whole(trained: Trained) -> None:
    found = occlude(trained.model, PredictionRequest("open"))
    assert [(span.start, span.end) for span in found.spans] == [(0, 4)]
    assert np.isfinite(found.spans[0].push)


def test_a_short_text_is_cut_into_its_tokens() -> None:
    assert _texts("if x.ready:\n    go") == ["if ", "x", ".", "ready", ":", "\n    ", "go"]


def test_a_long_text_of_many_lines_is_cut_into_lines() -> None:
    lines = [f"value_{number} = compute({number}, {number})\n" for number in range(30)]
    assert _texts("".join(lines)) == lines


def test_a_long_text_of_few_lines_is_cut_into_evenly_many_tokens() -> None:
    parts = _texts("a + " * 60)
    assert len(parts) == MAX_PIECES
    assert {part.count(" ") for part in parts} == {2, 3}


def test_a_very_long_text_is_cut_into_evenly_many_lines() -> None:
    counts = [part.count("\n") for part in _texts("call(first, second, third)\n" * 500)]
    assert len(counts) == MAX_PIECES and set(counts) == {10, 11}


@given(st.text(st.characters(codec="utf-8"), max_size=400) | st.text("ab. \n(", max_size=400))
def test_the_pieces_of_any_text_cover_it_once_and_in_order(text: str) -> None:
    spans = pieces(text)
    assert "".join(text[start:end] for start, end in spans) == text
    assert len(spans) <= MAX_PIECES
    assert all(start < end for start, end in spans)
    assert all(one[1] == two[0] for one, two in pairwise(spans))


def test_words_do_not_run_into_one_when_what_parts_them_is_left_out() -> None:
    assert without("door.lock", 4, 5) == "door lock"
    assert without("f(x)", 1, 2) == "f x)"
    assert without("a + b", 2, 4) == "a b"
    assert without("first", 0, 5) == ""
