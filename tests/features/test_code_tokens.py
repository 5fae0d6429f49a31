"""Tokens that keep their spacing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.features.code_tokens import is_blank, split_tokens, words

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)


@given(ANY_TEXT)
def test_joining_the_tokens_gives_the_text_back(text):
    assert "".join(split_tokens(text)) == text


def test_a_word_takes_the_space_behind_it():
    assert split_tokens("async function f()") == ["async ", "function ", "f", "(", ")"]


def test_a_newline_takes_the_indentation_after_it():
    assert split_tokens("if x:\r\n\treturn") == ["if ", "x", ":", "\r\n\t", "return"]


@pytest.mark.parametrize("operator", ["**=", "===", "=>", "->", ":=", "?.", "::", "&&"])
def test_an_operator_is_one_token(operator):
    assert split_tokens(f"a{operator}b") == ["a", operator, "b"]


def test_only_tokens_that_show_nothing_are_blank():
    assert [is_blank(token) for token in ("\n    ", "  ", "x ", "(")] == [True, True, False, False]


def test_words_are_identifiers_of_two_characters_or_more():
    assert words("x = self.load_data(3, über)") == ["self", "load_data", "über"]
