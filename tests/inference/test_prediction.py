"""What may be asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.errors import RequestError
from dlcodegen_core.features.request_text import MAX_TEXT_CHARACTERS
from dlcodegen_core.inference.prediction import PredictionRequest


@pytest.mark.parametrize(
    ("given_options", "told"),
    [
        ({"prompt": ""}, "prompt is empty"),
        ({"prompt": "  \n"}, "prompt is empty"),
        ({"prompt": None}, "not text"),
        ({"prompt": 3}, "not text"),
        ({"prompt": "x" * (MAX_TEXT_CHARACTERS + 1)}, "characters"),
        ({"prompt": "\ud800"}, "half of a character"),
        ({"prompt": "x", "context": "import os"}, "context is str"),
        ({"prompt": "x", "context": [1]}, "not text"),
        ({"prompt": "x", "max_tokens": 0}, "max_tokens is 0"),
        ({"prompt": "x", "max_tokens": "3"}, "max_tokens is '3'"),
        ({"prompt": "x", "seed": 0.5}, "Use a whole number from 0"),
        ({"prompt": "x", "top_k": 2.5}, "Use a whole number from 0"),
        ({"prompt": "x", "temperature": 1e-300}, "at least 0.001"),
        ({"prompt": "x", "beams": 99}, "beams is 99"),
        ({"prompt": "x", "stop": "\n"}, "stop is str"),
        ({"prompt": "x", "stop": [""]}, "stop string"),
        ({"prompt": "x", "language": "cobol"}, "cobol"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(given_options, told):
    with pytest.raises(RequestError, match=told):
        PredictionRequest.of(given_options.pop("prompt"), given_options.pop("context", ()), **given_options)


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=50))
def test_any_text_is_a_request_or_a_request_error(prompt):
    try:
        assert PredictionRequest.of(prompt).prompt == prompt
    except RequestError as exc:
        assert str(exc)


def test_right_to_left_text_is_fine():
    assert PredictionRequest.of("שלום = 1").prompt == "שלום = 1"
