"""Outlines: which lines can be cut, and where statements and functions stand."""

import pytest

from dlcodegen_core.data.cutting.constructs import CAPTURES, query
from dlcodegen_core.data.cutting.outline import Outline, outline_of
from dlcodegen_core.data.source_files import SUFFIXES
from tests.test_syntax_trees import ENDLESS


def outlined(text: str, language: str | None) -> Outline:
    outline = outline_of(text, language)
    assert outline is not None
    return outline


def closed(text: str, language: str | None) -> list[str]:
    """The lines that are code through and through."""
    outline = outlined(text, language)
    spans = zip(outline.code_lines, outline.closed_lines, strict=True)
    return [text[start:end] for (start, end), is_closed in spans if is_closed and start < end]


@pytest.mark.parametrize("language", SUFFIXES)
def test_every_name_in_the_tables_is_known_to_its_grammar(language: str) -> None:
    assert query(language, CAPTURES).pattern_count > 6


def test_comments_docstrings_and_long_strings_are_no_code() -> None:
    text = '"""One."""\n# two\nx = 3  # three\ny = """\nfour\n"""\ndef f():\n    """\n    Six.\n    """\n    return 7\n'
    assert closed(text, "python") == ["x = 3  # three", "def f():", "return 7"]


def test_block_comments_and_rusts_comments_that_own_their_line_break_are_no_code() -> None:
    assert closed("/* a\n   b */\nint x; /* c */\n", "c") == ["int x; /* c */"]
    assert closed("/// Doc.\n/// More.\nfn f() {}\n", "rust") == ["fn f() {}"]


def test_what_the_grammar_could_not_read_is_no_code_but_what_stands_around_it_is() -> None:
    text = "a = 1\nx = = 3 $\nb = 2\n\ndef f(:\n    pass\nc = 3\n"
    assert {"a = 1", "b = 2", "c = 3"} <= set(closed(text, "python"))
    assert not {"x = = 3 $", "def f(:"} & set(closed(text, "python"))


def test_without_a_language_every_line_is_code() -> None:
    assert closed("# a\n\n  b\n", None) == ["# a", "b"]


def test_a_statement_with_a_block_has_a_header() -> None:
    text = "if x:  # really\n    # now\n    y = [\n        1]\n"
    outline = outlined(text, "python")
    assert [text[start:header] for start, header, _end in outline.statements] == ["if x:", "y = [\n        1]"]
    assert text[: outline.statements[0].end] == text.rstrip()


def test_positions_are_characters_also_behind_others_than_ascii() -> None:
    text = "s = '😀é'\nr = f(x)\n"
    outline = outlined(text, "python")
    assert [text[start:end] for start, _header, end in outline.statements] == ["s = '😀é'", "r = f(x)"]
    assert [text[start:end] for start, end in outline.arguments] == ["x"]


def test_a_macro_before_a_name_does_not_make_a_struct_a_function() -> None:
    assert outlined("struct EXPORT point {\n  int x;\n};\n", "cpp").functions == []


def test_what_is_said_behind_the_brace_belongs_to_the_signature() -> None:
    text = "int f(void) { // why\n  return 1;\n}\n"
    assert [text[slice(*body)] for _start, body in outlined(text, "c").functions] == ["return 1;"]


def test_very_deep_nesting_is_read_as_far_as_anybody_nests() -> None:
    assert outlined("{\n" * 40_000 + "x()\n" + "}\n" * 40_000, "go").statements == []


def test_text_that_would_be_read_for_ever_has_no_outline() -> None:
    assert outline_of(ENDLESS.decode(), "tsx") is None
    assert outline_of("(" * 100_000, "python") is None
    assert outline_of("a = 1\n" + "(" * 1_000, "python") is not None
