"""Parsing: nine grammars, any text, several threads."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.features.language import LANGUAGES
from dlcodegen_core.features.parsing import MAX_CHARACTERS, grammar, open_literal, parse, tail
from tests.test_syntax_trees import ENDLESS

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=())) | st.text("\x00\ud800'\"`/*#r \\\n{}()a")

WELL_FORMED = {
    "python": "def double(x):\n    return x * 2\n",
    "javascript": "const double = (x) => x * 2;\n",
    "typescript": "const double = (x: number): number => x * 2;\n",
    "tsx": "const Title = (props: Props) => <h1>{props.text}</h1>;\n",
    "java": "class Maths { int twice(int x) { return x * 2; } }\n",
    "go": "package maths\n\nfunc Double(x int) int { return x * 2 }\n",
    "rust": "fn double(x: i32) -> i32 { x * 2 }\n",
    "c": "int twice(int x) { return x * 2; }\n",
    "cpp": "template <typename T> T twice(T x) { return x * 2; }\n",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_well_formed_code_parses_without_an_error(language: str) -> None:
    tree = parse(WELL_FORMED[language], language)
    assert not tree.root_node.has_error
    assert tree.root_node.end_byte == len(WELL_FORMED[language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_half_typed_code_still_gives_a_tree(language: str) -> None:
    assert parse(WELL_FORMED[language] + "x(", language).root_node.has_error


def test_only_the_end_of_a_very_long_text_is_parsed() -> None:
    text = "x = 1\n" * MAX_CHARACTERS
    assert parse(text, "python").root_node.end_byte == MAX_CHARACTERS
    assert tail("a" + "b" * MAX_CHARACTERS) == "b" * MAX_CHARACTERS


def test_a_lone_surrogate_is_read_as_a_question_mark() -> None:
    assert parse("'\ud800'", "python").root_node.text == b"'?'"


def test_an_unknown_language_is_named_together_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'cobol'.*python.*cpp"):
        parse("x", "cobol")


def test_a_grammar_is_loaded_once() -> None:
    assert grammar("go") is grammar("go")


def test_threads_parse_at_the_same_time_without_disturbing_each_other() -> None:
    start = Barrier(4)
    expected = {language: str(parse(code, language).root_node) for language, code in WELL_FORMED.items()}

    def parse_all(_: int) -> dict[str, str]:
        start.wait(10)
        for _ in range(50):
            trees = {language: str(parse(code, language).root_node) for language, code in WELL_FORMED.items()}
        return trees

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(parse_all, range(4))) == [expected] * 4


@pytest.mark.parametrize(
    ("text", "language", "kind", "start"),
    [
        ('print("hel', "python", "string", 6),
        ('"""Say\nhel', "python", "string", 0),
        ("x = 1  # the fir", "python", "comment", 7),
        ("say(`hel\nlo", "javascript", "string", 4),
        ("x(); // the fir", "typescript", "comment", 5),
        ("/* the\nfir", "java", "comment", 0),
        ('String s = """\n  a', "java", "string", 11),
        ("s := `a\nb", "go", "string", 5),
        ('let s = "a\nb', "rust", "string", 8),
        ("char c = 'x", "c", "string", 9),
        ('x = "a\\', "cpp", "string", 4),
    ],
)
def test_an_open_literal_is_found_where_it_begins(text: str, language: str, kind: str, start: int) -> None:
    assert open_literal(text, language) == (kind, start)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("x = 'a'", "python"),
        ("x = ''", "python"),
        ('"""Say."""', "python"),
        ("# over\n", "python"),
        ("x = 'not closed\n", "python"),
        ("half = total // 2", "python"),
        ("'it\\'s'", "javascript"),
        ("/* over */ x", "c"),
        ("'\"'", "c"),
        ("fn name<'a>(text: &'a str", "rust"),
        ('r#"a " b"#', "rust"),
        ("let quote = '\"';", "rust"),
        ('"// no comment"', "go"),
    ],
)
def test_a_closed_literal_is_not_open(text: str, language: str) -> None:
    assert open_literal(text, language) is None


@given(ANY_TEXT, st.sampled_from(LANGUAGES))
def test_any_text_parses_whatever_the_language(text: str, language: str) -> None:
    assert parse(text, language).root_node is not None
    literal = open_literal(text, language)
    assert literal is None or 0 <= literal.start < len(text)


def test_a_text_that_would_be_read_for_ever_has_the_tree_of_an_empty_one() -> None:
    assert parse(ENDLESS.decode(), "tsx").root_node.child_count == 0
