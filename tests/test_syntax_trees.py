"""Syntax trees: nine grammars, whole files, and an end to those that would be read for ever."""

import random

import pytest

from dlcodegen_core.data.source_files import SUFFIXES
from dlcodegen_core.syntax_trees import grammar, parse_bounded, parse_whole

# tree-sitter's grammar of TSX is at this for minutes
ENDLESS = bytes(random.Random(1).choices(b"abc(){}[]<>;:,.=+-*&\n\"' ", k=10_000))


@pytest.mark.parametrize("language", SUFFIXES)
def test_every_language_of_source_files_has_a_grammar(language: str) -> None:
    assert parse_whole(b"", language).language == grammar(language)


def test_a_whole_file_is_parsed_however_long() -> None:
    code = b"x = 1\n" * 50_000
    for tree in (parse_whole(code, "python"), parse_bounded(code, "python")):
        assert tree is not None
        assert tree.root_node.end_byte == len(code)
        assert not tree.root_node.has_error


def test_both_ways_of_parsing_give_the_same_tree() -> None:
    code = b"def f(x:\n    return {'a': [x\n\nclass A: pass\n"
    bounded = parse_bounded(code, "python")
    assert bounded is not None
    assert str(bounded.root_node) == str(parse_whole(code, "python").root_node)


def test_code_that_would_be_read_for_ever_is_given_up_and_the_next_is_read_as_ever() -> None:
    assert parse_bounded(ENDLESS, "tsx") is None
    tree = parse_bounded(b"const x = <p>1</p>;\n", "tsx")
    assert tree is not None
    assert not tree.root_node.has_error


def test_deep_nesting_is_no_harm() -> None:
    tree = parse_bounded(b"(" * 100_000, "c")
    assert tree is not None
    assert tree.root_node.has_error


def test_an_unknown_language_is_named_together_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'cobol'.*python.*cpp"):
        parse_bounded(b"x", "cobol")
