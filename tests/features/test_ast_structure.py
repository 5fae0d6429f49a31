"""The fifty structure features, counted by hand on small snippets of every language."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.features.ast_structure import AST_NAMES, ast_features
from dlcodegen_core.features.language import LANGUAGES
from dlcodegen_core.features.layout import AST
from dlcodegen_core.features.syntax import SYNTAX_NAMES

PIECES = (
    *("def f", "class A", "if x", "for", "return", "async", "f(", ")", "[", "]", "{", "}", ":", ";", "=", "=>", "->"),
    *(".", ",", "'", '"', "`", "/*", "//", "#", "\n", "\n\t", "\n    ", "\ud800", "\x00"),
)
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=())) | st.lists(st.sampled_from(PIECES)).map(" ".join)


def features(text: str, language: str) -> dict[str, float]:
    return dict(zip(AST_NAMES, ast_features(text, language).tolist(), strict=True))


def count(text: str, language: str, name: str) -> int:
    return round(math.expm1(features(text, language)[name]))


def endings(text: str, language: str) -> set[str]:
    """What the features say about where the text ends, apart from whether it is finished."""
    flags = {name for name, value in features(text, language).items() if name.startswith("ends ") and value}
    return {name.removeprefix("ends ") for name in flags - {"ends unfinished"}}


def test_there_are_fifty_names_and_the_first_five_are_the_agreed_ones() -> None:
    assert len(AST_NAMES) == len(set(AST_NAMES)) == AST.size
    assert AST_NAMES[:5] == (
        "function/const declarations",
        "class definitions",
        "Python defs",
        "nesting depth",
        "import statements",
    )


def test_no_name_is_shared_with_the_syntax_statistics() -> None:
    assert set(AST_NAMES).isdisjoint(SYNTAX_NAMES)


SNIPPETS = {
    "python": """
import os
from sys import argv

class Basket:
    def total(self, rate):
        if not self.items:
            return 0
        return sum(item.price for item in self.items) * rate
""",
    "javascript": """
import { rate } from './rate';

class Basket {
  total(items) {
    const sum = items.reduce((a, b) => a + b.price, 0);
    if (!sum) return 0;
    return sum * rate;
  }
}
""",
    "typescript": """
import { rate } from './rate';

interface Basket { items: Item[] }

function total(basket: Basket): number {
  if (!basket.items) return 0;
  return sum(basket.items) * rate;
}
""",
    "tsx": """
import React from 'react';

class Basket extends React.Component<Props> {
  render() {
    if (!this.props.items) return null;
    return <List items={sort(this.props.items)} />;
  }
}
""",
    "java": """
import java.util.List;

class Basket {
    double total(List<Item> items) {
        if (items == null) return 0;
        return sum(items);
    }
}
""",
    "go": """
package shop

import "math"

type Basket struct { items []Item }

func (b *Basket) Total(rate float64) float64 {
	if b.items == nil {
		return 0
	}
	return math.Abs(rate)
}
""",
    "rust": """
use std::ops::Mul;

struct Basket { items: Vec<Item> }

fn total(basket: &Basket) -> f64 {
    if basket.items.is_empty() { return 0.0; }
    return 1.0;
}
""",
    "c": """
#include <math.h>

struct basket { int size; };

double total(struct basket *basket) {
    if (basket->size == 0) return 0;
    return fabs(basket->size);
}
""",
    "cpp": """
#include <cmath>

class Basket {
public:
    double total(int size) {
        if (size == 0) return 0;
        return std::abs(size);
    }
};
""",
}


@pytest.mark.parametrize(
    ("language", "functions", "imports", "calls", "parameters"),
    [
        ("python", 1, 2, 1, 2),
        ("javascript", 2, 1, 1, 3),
        ("typescript", 1, 1, 1, 1),
        ("tsx", 1, 1, 1, 0),
        ("java", 1, 1, 1, 1),
        ("go", 1, 1, 1, 2),
        ("rust", 1, 1, 1, 1),
        ("c", 1, 1, 1, 1),
        ("cpp", 1, 1, 1, 1),
    ],
)
def test_the_same_constructs_count_in_every_language(
    language: str, functions: int, imports: int, calls: int, parameters: int
) -> None:
    text = SNIPPETS[language]
    assert count(text, language, "function/const declarations") == functions
    assert count(text, language, "Python defs") == (language == "python")
    assert count(text, language, "class definitions") == 1
    assert count(text, language, "import statements") == imports
    assert count(text, language, "call expressions") == calls
    assert count(text, language, "parameters") == parameters
    assert count(text, language, "if branches") == 1
    assert count(text, language, "return statements") == 2
    assert count(text, language, "syntax errors") == 0
    assert features(text, language)["ends unfinished"] == 0


def test_a_small_text_is_counted_completely() -> None:
    found = features("xs = [f(a.b) for a in c if a > 1]  # note\n", "python")
    counted = {name: round(math.expm1(value)) for name, value in found.items() if value and not name.startswith("ends")}
    del counted["share of named nodes"], counted["tree depth"]
    assert counted == {
        "nesting depth": 2,
        "if branches": 1,
        "for loops": 1,
        "call expressions": 1,
        "assignments and updates": 1,
        "property accesses": 1,
        "binary operations": 1,
        "comparisons": 1,
        "numbers": 1,
        "comments": 1,
        "collections": 1,
        "identifiers": 7,
    }


@pytest.mark.parametrize(
    ("text", "language", "name"),
    [
        ("f = lambda x: x", "python", "lambdas"),
        ("f = (x) => x", "javascript", "lambdas"),
        ("let f = |x| x;", "rust", "lambdas"),
        ("switch (x) { case 1: break; }", "c", "switches"),
        ("match x:\n    case 1:\n        pass", "python", "switches"),
        ("for (int i : xs) {}", "java", "for loops"),
        ("for (int x : xs) {}", "cpp", "for loops"),
        ("do { x(); } while (y);", "javascript", "while loops"),
        ("fn f() { loop {} }", "rust", "while loops"),
        ("try {} catch (e) {}", "typescript", "try blocks"),
        ("throw new Error();", "typescript", "throws"),
        ("raise ValueError", "python", "throws"),
        ("while x:\n    break", "python", "jumps"),
        ("await x;", "javascript", "awaits and yields"),
        ("@cached\ndef f(): pass", "python", "decorators"),
        ("@Override void f() {}", "java", "decorators"),
        ("#[test]\nfn f() {}", "rust", "decorators"),
        ("i++;", "c", "assignments and updates"),
        ("x := 1", "go", "assignments and updates"),
        ("a?.b", "javascript", "property accesses"),
        ("a->b;", "c", "property accesses"),
        ("a[0];", "cpp", "index accesses"),
        ("func f() { if a {} else {} }", "go", "else branches"),
        ("if a:\n    b\nelse:\n    c", "python", "else branches"),
        ("x and y", "python", "boolean operators"),
        ("x = `a`", "javascript", "strings"),
        ("x = nil", "go", "true, false and null"),
        ("const A: u8 = 1;", "rust", "function/const declarations"),
    ],
)
def test_a_construct_counts_once(text: str, language: str, name: str) -> None:
    assert count(text, language, name) == 1


def test_a_variable_that_may_change_is_no_constant() -> None:
    assert count("let x = 1;", "javascript", "function/const declarations") == 0
    assert count("const char *name;", "c", "function/const declarations") == 0


def test_a_struct_that_is_only_mentioned_is_not_defined() -> None:
    assert count("struct node *next;", "c", "class definitions") == 0


@pytest.mark.parametrize(
    ("text", "language", "name"),
    [
        ("async function fetchData", "javascript", "function/const declarations"),
        ("async function fetchData", "javascript", "awaits and yields"),
        ("def total(self, ", "python", "Python defs"),
        ("fn total(basket: &Basket, ", "rust", "function/const declarations"),
        ("int total(int size, ", "c", "function/const declarations"),
        ("class A {\n  void run(int a) {\n    a.", "java", "function/const declarations"),
        ("class Basket {", "typescript", "class definitions"),
        ("if (", "cpp", "if branches"),
        ("for i := range", "go", "for loops"),
        ("return ", "java", "return statements"),
        ("x =", "python", "assignments and updates"),
        ("total(", "python", "call expressions"),
        ("fn f() { println!(", "rust", "call expressions"),
        ("basket.", "javascript", "property accesses"),
        ('say("hel', "go", "strings"),
        ("x  # no", "python", "comments"),
    ],
)
def test_a_half_typed_construct_counts_by_its_keyword(text: str, language: str, name: str) -> None:
    assert count(text, language, name) == 1
    assert features(text, language)["ends unfinished"] == 1


def test_words_in_an_open_string_are_not_code() -> None:
    assert count("say('return if def x", "python", "return statements") == 0
    assert count("say('return if def x", "python", "Python defs") == 0


def test_nesting_counts_brackets_and_python_blocks() -> None:
    assert count("a(b[c({})])", "javascript", "nesting depth") == 4
    assert count("class A:\n    def f(self):\n        x()", "python", "nesting depth") == 3
    assert count("if (a) { while (b) { c; } }", "c", "nesting depth") == 2


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("x = 1\n", "python", {"on a fresh line"}),
        ("def f(", "python", {"in a parameter list"}),
        ("def f(a):\n    return g(", "python", {"in a function", "in call arguments"}),
        ("def f(a):", "python", {"in a function", "after a block opener"}),
        ("def f(a):\n    ", "python", {"in a function", "after a block opener", "on a fresh line"}),
        ("def f(a):\n    x = a\n    ", "python", {"in a function", "on a fresh line"}),
        ("def f(a):\n    x = a\n", "python", {"on a fresh line"}),
        ("class A:\n    def f(self):\n        self.", "python", {"in a class", "in a function", "after a dot"}),
        ("for a in b:\n    x +=", "python", {"in a control block", "after an assignment sign"}),
        ("xs = [a, ", "python", {"in other brackets"}),
        ("xs = {'a': ", "python", {"in other brackets"}),
        ("x = 'ab", "python", {"in a string"}),
        ("x = 1 # no", "python", {"in a comment"}),
        ("const f = (a) => {", "javascript", {"in a function", "after a block opener"}),
        ("const f = (a) => g(", "javascript", {"in call arguments"}),
        ("const o = { a:", "javascript", {"in other brackets"}),
        ("class A {\n  run(", "javascript", {"in a class", "in a parameter list"}),
        ("class A {\n  run() {\n    this.", "typescript", {"in a class", "in a function", "after a dot"}),
        ("const A = () => <a onClick={() => go(", "tsx", {"in call arguments"}),
        ("class A {\n  void run() {\n    int x =", "java", {"in a class", "in a function", "after an assignment sign"}),
        ("func f() {\n\tif x := g(); x {", "go", {"in a function", "in a control block", "after a block opener"}),
        ("impl A for B {\n    fn f(&self) {\n        self.", "rust", {"in a class", "in a function", "after a dot"}),
        (
            "fn f() {\n    match x {\n        Some(y) => {",
            "rust",
            {"in a function", "in a control block", "after a block opener"},
        ),
        ("int main(void) {\n    while (f(", "c", {"in a function", "in call arguments"}),
        ("struct point {", "c", {"in a class", "after a block opener"}),
        ("namespace shop {\nclass A {\npublic:\n  void f(int a, ", "cpp", {"in a class", "in a parameter list"}),
    ],
)
def test_the_end_of_the_text_is_understood(text: str, language: str, expected: set[str]) -> None:
    assert endings(text, language) == expected


def test_depth_and_indentation_at_the_end_are_those_of_the_cursor() -> None:
    text = "class A:\n    def f(self):\n        if x:\n            y = 1\n        "
    assert count(text, "python", "depth at the end") == 2
    assert count(text, "python", "indentation at the end") == 8
    assert count("func f() {\n\t\t", "go", "indentation at the end") == 8


def test_brackets_of_an_earlier_unfinished_line_do_not_reach_into_the_next_function() -> None:
    assert endings("total = sum(\ndef f():\n    return ", "python") == {"in a function"}


def test_only_the_end_of_a_long_text_counts() -> None:
    long = "x = 1\n" * 10_000
    np.testing.assert_array_equal(ast_features("import os\n" + long, "python"), ast_features(long, "python"))


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="cobol"):
        ast_features("x", "cobol")


def test_threads_get_the_same_features_as_one_alone() -> None:
    alone = [ast_features(text, language) for language, text in SNIPPETS.items()]
    with ThreadPoolExecutor(4) as threads:
        for _ in range(5):
            together = list(threads.map(ast_features, SNIPPETS.values(), SNIPPETS.keys()))
            np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("unit", ["(", "}", "([{", "(]", '"', "def f():\n ", "class A {", "\x00", "\ud800", "`${"])
def test_hostile_repetition_is_no_trouble(unit: str, language: str) -> None:
    assert np.isfinite(ast_features(unit * 1000, language)).all()


@given(ANY_TEXT, st.sampled_from(LANGUAGES))
def test_any_text_has_fifty_finite_features(text: str, language: str) -> None:
    found = ast_features(text, language)
    assert found.shape == (AST.size,)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    flags = [value for name, value in zip(AST_NAMES, found, strict=True) if name.startswith(("ends ", "share "))]
    assert max(flags) <= 1


@given(st.sampled_from(sorted(SNIPPETS)), st.integers(0, 300))
def test_code_cut_anywhere_has_fifty_finite_features(language: str, length: int) -> None:
    assert np.isfinite(ast_features(SNIPPETS[language][:length], language)).all()
