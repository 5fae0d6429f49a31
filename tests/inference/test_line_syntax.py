"""Lines that can be right, and lines that cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.features.language import LANGUAGES
from dlcodegen_core.inference.line_syntax import is_sound


@pytest.mark.parametrize(
    ("prompt", "completion", "language"),
    [
        ("def f(x):\n    ", "return x + 1", "python"),
        ("x = ", "foo(", "python"),
        ("def f", "(x):", "python"),
        ("    ", "if x in [1, 2]:", "python"),
        ("x = [\n    ", "1,", "python"),
        ("function f() {\n  ", "const y = g(1);", "javascript"),
        ("const f = ", "(x: number) => {", "typescript"),
        ("fn main() {\n    ", "let x = 1;", "rust"),
    ],
)
def test_a_possible_line_is_sound(prompt, completion, language):
    assert is_sound(prompt, completion, language)


@pytest.mark.parametrize(
    ("prompt", "completion", "language"),
    [
        ("def f(x):\n    ", "return x)", "python"),
        ("x = ", "foo(]", "python"),
        ("x = ", "1 2 3", "python"),
        ("print(", "'never closed)", "python"),
        ("function f() {\n  ", "const = 1;", "javascript"),
    ],
)
def test_a_broken_line_is_not(prompt, completion, language):
    assert not is_sound(prompt, completion, language)


def test_trouble_before_the_line_is_not_the_lines():
    assert is_sound("x = = 1\ny = ", "2", "python")


@given(st.text(), st.text(), st.sampled_from(LANGUAGES))
def test_any_text_has_an_answer(prompt, completion, language):
    assert is_sound(prompt, completion, language) in (True, False)
