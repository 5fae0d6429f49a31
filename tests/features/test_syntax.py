"""The ten syntax statistics, counted by hand on small snippets of every language."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.features.layout import SYNTAX
from dlcodegen_core.features.syntax import SYNTAX_NAMES, syntax_features

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=())) | st.text("\x00\ud800'\"`/*#<>=!.[]()ifa \\\n")


def counts(text: str) -> dict[str, int]:
    """The counts that are not zero, by name."""
    values = dict(zip(SYNTAX_NAMES[1:], syntax_features(text)[1:], strict=True))
    return {name: round(math.expm1(value)) for name, value in values.items() if value}


def count(text: str, name: str) -> int:
    return counts(text).get(name, 0)


def test_there_are_ten_names_in_the_agreed_order() -> None:
    assert len(SYNTAX_NAMES) == SYNTAX.size
    assert SYNTAX_NAMES == (
        "normalised length",
        "imports",
        "async/await",
        "conditionals",
        "loops",
        "returns",
        "calls",
        "assignments",
        "property access",
        "index access",
    )


@pytest.mark.parametrize(("length", "value"), [(0, 0), (250, 0.25), (1000, 1), (5000, 1)])
def test_the_length_is_a_share_of_a_thousand_characters(length: int, value: float) -> None:
    assert syntax_features("x" * length)[0] == np.float32(value)


def test_python_is_counted() -> None:
    text = """
import os
from sys import argv

async def load(path, mode="r"):
    async with open(path, mode) as file:
        for line in file.lines[1:]:
            if not line.strip():
                continue
            elif line:
                return await parse(line)
"""
    assert counts(text) == {
        "imports": 2,
        "async/await": 3,
        "conditionals": 2,
        "loops": 1,
        "returns": 1,
        "calls": 3,
        "assignments": 1,
        "property access": 2,
        "index access": 1,
    }


def test_javascript_is_counted() -> None:
    text = """
const axios = require('axios');
const load = async (ids) => {
  let result = [];
  for (const id of ids) {
    if (id !== null) result[id] = await axios.get(`/items/${id}`);
  }
  return result?.first ?? null;
};
"""
    assert counts(text) == {
        "imports": 1,
        "async/await": 2,
        "conditionals": 1,
        "loops": 1,
        "returns": 1,
        "calls": 2,
        "assignments": 4,
        "property access": 2,
        "index access": 1,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import { a } from './a';\ntype T = { b: string };", {"imports": 1, "assignments": 1}),
        ("const a = <Row key={item.id} />;", {"assignments": 2, "property access": 1}),
        (
            "while (it.hasNext()) { total += it.next(); }",
            {"loops": 1, "calls": 2, "assignments": 1, "property access": 2},
        ),
        ("v, err := load(x)\nif err != nil {", {"calls": 1, "assignments": 1, "conditionals": 1}),
        ("use std::io;\nlet n = v.len();", {"imports": 1, "calls": 1, "assignments": 1, "property access": 1}),
        ("loop { match x { _ => return } }", {"loops": 1, "conditionals": 1, "returns": 1}),
        ("#include <stdio.h>\nint f(int n) { return list->size; }", {"imports": 1, "returns": 1, "property access": 1}),
        ("std::swap(a[0], a[1]);", {"calls": 1, "index access": 2}),
    ],
)
def test_the_other_languages_are_counted(text: str, expected: dict[str, int]) -> None:
    assert counts(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "'if while return call() a.b c[0]'",
        '"import x; y = await z()"',
        '"""\nfor x in y: return f(x)\n"""',
        "`return a.b`",
        "# if x: return f(y)",
        "// while (x) y = f(z)",
        "/* import a\n   b.c[0] = d() */",
        '"never closed: return f(x)',
        "/* never closed: return f(x)",
    ],
)
def test_what_stands_in_strings_and_comments_does_not_count(text: str) -> None:
    assert counts(text) == {}


def test_code_goes_on_after_a_string_that_was_never_closed() -> None:
    assert counts("x = 'half\nreturn y") == {"assignments": 1, "returns": 1}


def test_a_string_can_be_asked_for_its_properties() -> None:
    assert counts('", ".join(names)') == {"calls": 1, "property access": 1}


def test_two_slashes_between_operands_divide_in_python() -> None:
    assert count("half = total // 2 + rest(total)", "calls") == 1


def test_a_lifetime_of_rust_opens_no_string() -> None:
    assert counts("fn name(text: &'a str) { text.trim() }") == {"calls": 1, "property access": 1}


@pytest.mark.parametrize("text", ["a == b", "a === b", "a != b", "a !== b", "a <= b", "a >= b", "a => b", "0..=9"])
def test_comparing_and_pointing_is_not_assigning(text: str) -> None:
    assert count(text, "assignments") == 0


SIGNS = ("=", ":=", "+=", "-=", "*=", "/=", "//=", "%=", "**=", "|=", "&=", "^=", "<<=", ">>=", ">>>=", "??=", "||=")


@pytest.mark.parametrize("sign", SIGNS)
def test_every_assignment_sign_assigns_once(sign: str) -> None:
    assert counts(f"a {sign} b") == {"assignments": 1}


@pytest.mark.parametrize(
    "text",
    [
        "def load(",
        "function load(",
        "fn load(",
        "func load(",
        "func (s *Store) Load(",
        "int load(",
        "async load(",
        "class Store(",
        "if (",
        "while(",
        "} catch (",
        "return (",
        "x and (",
    ],
)
def test_declarations_and_keywords_are_not_calls(text: str) -> None:
    assert count(text, "calls") == 0


@pytest.mark.parametrize("text", ["load(", "return load(", "new Store(", "await load(", "x.catch(", "println!("])
def test_a_half_typed_call_is_a_call(text: str) -> None:
    assert count(text, "calls") == 1


@pytest.mark.parametrize("text", ["notify", "x.if", "format", "returned", "$for", "imports"])
def test_a_keyword_inside_another_name_does_not_count(text: str) -> None:
    assert {"conditionals", "loops", "returns", "imports"}.isdisjoint(counts(text))


def test_a_number_with_decimals_has_no_property() -> None:
    assert counts("3.14 + 2.5") == {}


def test_an_empty_pair_of_brackets_accesses_nothing() -> None:
    assert counts("int[] xs") == {}


@pytest.mark.parametrize("character", "\"'`/*#([{ \\\n<>=.a")
def test_a_text_of_a_million_equal_characters_is_no_trouble(character: str) -> None:
    assert np.isfinite(syntax_features(character * 1_000_000)).all()


@given(ANY_TEXT)
def test_any_text_has_ten_finite_statistics(text: str) -> None:
    features = syntax_features(text)
    assert features.shape == (SYNTAX.size,)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert (features >= 0).all()
    assert features[0] <= 1
