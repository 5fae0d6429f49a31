"""Which lines are asked, in every language, and how they are drawn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.evaluation.line_cases import code_lines, line_cases
from dlcodegen_core.features.language import LANGUAGES

PYTHON = '''"""A module about nothing at all."""
import collections

class Thing:
    """One line about the thing."""

    # a comment that is long enough
    def first(self, value):
        """Several lines
        about the method.
        """
        query = """select everything
        from somewhere"""
        text = "a string in one line"
        return value + 1  # with a remark
        x = 1
    name: str = "something"
'''
C_LIKE = """/* A long block comment
   that goes on here, and here */
int first_statement = 1;
// a line comment for nobody
int second_statement = 2; // with a remark
int a = 1;
int third_statement = 3;
"""
RUST = """//! about this whole crate
use std::collections::HashMap;
/// documents the function
fn first_function(value: &str) -> usize {
    let text = "one line and
        another line";
    value.len() + 1
}
"""
JAVASCRIPT = """// about this whole module
import { readFile } from 'fs'
const query = `select everything
  from somewhere`
const name = `in ${one} line`
  /** documents the
   *  function below */
function first(value) {
"""
GO = """// Package main is about nothing.
package main // the main one
import "strings"
var query = `select everything
from somewhere else`
func first(value string) int {
"""
JAVA = '''/** Documents the class. */
class FirstThing {
    String text = """
        several lines of text
        """;
    // a comment that is long enough
    int value = compute(1);
'''
SECOND_CPP = C_LIKE + 'auto raw = R"(several lines\nof raw text here)";\n'
TYPESCRIPT = ["import { readFile } from 'fs'", "const name = `in ${one} line`", "function first(value) {"]


def lines_of(text: str, language: str | None, shortest: int = 10) -> list[str]:
    return [text[line.start : line.end] for line in code_lines(text, language, shortest)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "python",
            PYTHON,
            [
                "import collections",
                "class Thing:",
                "def first(self, value):",
                'text = "a string in one line"',
                'name: str = "something"',
            ],
        ),
        ("c", C_LIKE, ["int first_statement = 1;", "int third_statement = 3;", "int a = 1;"]),
        ("cpp", SECOND_CPP, ["int first_statement = 1;", "int third_statement = 3;", "int a = 1;"]),
        (
            "rust",
            RUST,
            ["use std::collections::HashMap;", "fn first_function(value: &str) -> usize {", "value.len() + 1"],
        ),
        ("javascript", JAVASCRIPT, TYPESCRIPT),
        ("typescript", JAVASCRIPT, TYPESCRIPT),
        ("tsx", JAVASCRIPT, TYPESCRIPT),
        ("go", GO, ['import "strings"', "func first(value string) int {"]),
        ("java", JAVA, ["class FirstThing {", "int value = compute(1);"]),
    ],
)
def test_only_plain_code_is_asked(language: str, text: str, expected: list[str]) -> None:
    assert lines_of(text, language) == sorted(expected, key=text.index)


def test_every_language_has_been_thought_of() -> None:
    for language in LANGUAGES:
        assert lines_of("\n\nfirst_name(1, 2)", language) == []
        assert lines_of("a\nfirst_name(1, 2)", language) == ["first_name(1, 2)"]


def test_without_a_known_language_comment_signs_at_the_start_of_a_line_decide() -> None:
    text = "def one(a, b)\n  # a long comment\n  // a long comment\n  compute(a, b)\nend\n"
    assert lines_of(text, None) == ["compute(a, b)"]
    assert lines_of(text, "ruby") == ["compute(a, b)"]


def test_lines_far_into_a_long_file_are_judged_by_the_whole_file() -> None:
    text = "first = 1\n" + '"""' + "words about something\n" * 2000 + '"""\n' + "second_name = 2\n"
    assert lines_of(text, "python") == ["second_name = 2"]


def test_the_shortest_length_counts_without_indentation() -> None:
    text = "first\n        abcdefghi\n        abcdefghij\n"
    assert lines_of(text, None) == ["abcdefghij"]
    assert lines_of(text, None, 9) == ["abcdefghi", "abcdefghij"]


def test_a_case_is_cut_after_the_indentation() -> None:
    (case,) = line_cases([SourceFile("a.py", "def f(value):\r\n    return value\r\n", "python")], 5, 0)
    assert (case.prompt, case.target) == ("def f(value):\r\n    ", "return value")
    assert (case.path, case.line, case.language) == ("a.py", 2, "python")


FILES = [
    SourceFile(
        f"f{number}.py", "start = 0\n" + "".join(f"name_{n} = {n}\n" for n in range(10, 10 + 4 * number)), "python"
    )
    for number in range(1, 6)
]


def test_cases_are_spread_evenly_over_the_files() -> None:
    paths = [case.path for case in line_cases(FILES, 22, 0)]
    assert sorted(paths.count(path) for path in set(paths)) == [4, 4, 4, 5, 5]
    assert len(set(paths[:5])) == 5


def test_a_longer_list_begins_with_the_shorter_one() -> None:
    assert line_cases(FILES, 22, 0)[:7] == line_cases(FILES, 7, 0)


def test_the_seed_decides_and_the_order_of_files_does_not() -> None:
    assert line_cases(FILES, 9, 3) == line_cases(FILES[::-1], 9, 3)
    assert line_cases(FILES, 9, 3) != line_cases(FILES, 9, 4)


def test_no_more_cases_than_there_are_lines() -> None:
    assert len(line_cases(FILES, 1000, 0)) == 4 + 8 + 12 + 16 + 20
    assert line_cases([], 10, 0) == []
    assert line_cases(FILES, 0, 0) == []


@given(st.text(st.sampled_from("ab \t\r\n\"'#/*é\ud800=("), max_size=200), st.sampled_from([None, *LANGUAGES]))
def test_prompt_and_target_are_the_file_up_to_there(text: str, language: str | None) -> None:
    for case in line_cases([SourceFile("a", text, language)], 50, 0, shortest=2):
        assert text.startswith(case.prompt + case.target)
        assert case.prompt.strip()
        assert case.prompt.count("\n") + 1 == case.line
        assert "\n" not in case.target
        assert len(case.target) >= 2
        assert case.target == case.target.strip()
        assert not case.prompt.rpartition("\n")[2].strip()
