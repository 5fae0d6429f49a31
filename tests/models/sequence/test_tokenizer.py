"""Byte-level BPE: nothing is out of vocabulary, and text comes back as it went in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.models.sequence.tokenizer import CodeTokenizer

SOURCE = (
    "class Point:\n    def __init__(self, x):\n        self.x = x\n\n    def move(self, by):\n        self.x += by\n"
)
TOKENIZER = CodeTokenizer.train([SOURCE] * 20, 600)


@given(st.text())
def test_any_text_comes_back_as_it_went_in(text):
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@given(st.lists(st.text(), max_size=5))
def test_many_texts_are_encoded_as_one_by_one(texts):
    together = TOKENIZER.encode_all(texts)
    assert [list(tokens) for tokens in together] == [list(TOKENIZER.encode(text)) for text in texts]


def test_a_newline_with_its_indentation_is_one_token():
    pieces = [TOKENIZER.bytes_of[token] for token in TOKENIZER.encode(SOURCE)]
    assert b"\n        " in pieces
    assert b"\n\n    " in pieces


def test_the_name_of_the_special_token_is_text_like_any_other():
    assert 0 not in TOKENIZER.encode("<end of file>")


def test_the_bytes_of_all_tokens_are_what_they_decode_to():
    for number, content in enumerate(TOKENIZER.bytes_of[1:], start=1):
        assert TOKENIZER.decode([number]) == content.decode("utf-8", "replace")


def test_it_survives_json():
    again = CodeTokenizer.from_json(TOKENIZER.to_json())
    assert list(again.encode(SOURCE)) == list(TOKENIZER.encode(SOURCE))
    assert len(again) == len(TOKENIZER)


def test_other_json_is_refused():
    with pytest.raises(ValueError, match="no tokenizer"):
        CodeTokenizer.from_json("{}")


@pytest.mark.parametrize(
    ("text", "piece"),
    [("return sel", " sel"), ("foo(", "("), ("x = 1\n    ", "\n    "), ("", ""), ("a ", " ")],
)
def test_the_last_piece_is_what_typing_on_may_still_change(text, piece):
    assert TOKENIZER.last_piece(text) == piece


@given(st.binary(min_size=1, max_size=6))
def test_the_tokens_that_type_some_bytes_are_those_found_by_looking_at_all(pending):
    expected = [
        number
        for number, content in enumerate(TOKENIZER.bytes_of)
        if content and (content.startswith(pending) or pending.startswith(content))
    ]
    assert TOKENIZER.typing(pending).tolist() == expected


def test_what_ends_a_completion_is_a_mark_or_begins_with_a_stop_string():
    ends = TOKENIZER.ending((b"\n", b"de"))
    for number, content in enumerate(TOKENIZER.bytes_of):
        assert ends[number] == (not content or content.startswith((b"\n", b"de")))
    assert TOKENIZER.ending((b"\n", b"de")) is ends
