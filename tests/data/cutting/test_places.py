"""Places: where targets of each kind start and end, in all nine languages."""

import pytest

from dlcodegen_core.data.cutting.outline import outline_of
from dlcodegen_core.data.cutting.places import cursor_in, places_of
from dlcodegen_core.data.pairs import BODY, KINDS, MIDDLE, NEXT_LINE, STATEMENT
from dlcodegen_core.data.source_files import SUFFIXES
from tests.data.cutting.snippets import SNIPPETS


def targets(text: str, language: str | None, kind: str, prompt_characters: int = 1_000) -> list[str]:
    outline = outline_of(text, language)
    assert outline is not None
    places = places_of(outline, kind, prompt_characters, lambda _position, _count: 0)
    return [text[start:end] for start, end in places]


def cursors(text: str, language: str = "python") -> list[str]:
    """Of the first statement: what may be its rest, one for each place where the cursor may stand."""
    outline = outline_of(text, language)
    assert outline is not None
    start, end = places_of(outline, STATEMENT, 0, lambda _position, _count: 0)[0]
    found = [cursor_in(text, (start, end), language, lambda _p, count, n=n: min(n, count - 1)) for n in range(20)]
    return list(dict.fromkeys(text[place[0] : place[1]] for place in found if place))


@pytest.mark.parametrize("language", SUFFIXES)
def test_every_kind_has_places_in_every_language(language: str) -> None:
    for kind in KINDS:
        assert targets(SNIPPETS[language], language, kind), kind


@pytest.mark.parametrize(
    ("language", "body"),
    [
        ("python", "square = self.radius**2\n        return math.pi * square"),
        ("javascript", "const total = sum(values, 0);\n  return total / values.length;"),
        (
            "typescript",
            "const net = basket.items.reduce((sum, item) => sum + item.price, 0);\n  return net * (1 + tax);",
        ),
        ("cpp", "items_.push_back(item);"),
    ],
)
def test_a_body_is_what_stands_within_a_function(language: str, body: str) -> None:
    assert targets(SNIPPETS[language], language, BODY)[0] == body


def test_a_docstring_belongs_to_the_prompt_and_so_does_a_comment_before_the_body() -> None:
    assert targets('def f():\n    """Doc."""\n\n    # now\n    return 1\n', "python", BODY) == ["# now\n    return 1"]
    assert targets("def f():\n    # now\n    return 1\n", "python", BODY) == ["return 1"]


@pytest.mark.parametrize("body", ['"""Doc."""', "pass", "...", '"""Doc."""\n    pass', '"""Doc."""; x = 1'])
def test_bodies_without_anything_in_them_are_none(body: str) -> None:
    assert targets(f"def f():\n    {body}\n", "python", BODY) == []


def test_a_body_whose_signature_is_out_of_sight_is_none() -> None:
    text = f'def f():\n    """{"Long. " * 50}"""\n    return 1\n'
    assert targets(text, "python", BODY, prompt_characters=300) == []
    assert targets(text, "python", BODY, prompt_characters=400) == ["return 1"]


def test_very_long_bodies_statements_and_lines_are_left_out() -> None:
    call = f"f({', '.join(['number'] * 60)})"
    text = f"def g():\n    {call}\n" + "    h(1)\n" * 300
    assert targets(text, "python", BODY) == []
    assert call not in targets(text, "python", NEXT_LINE)
    assert call not in targets(text, "python", MIDDLE)


def test_the_cursor_stands_behind_signs_and_words_that_call_for_more() -> None:
    assert cursors("return sum(a.b, c=2)\n") == ["sum(a.b, c=2)", "a.b, c=2)", "b, c=2)", "c=2)", "2)"]
    assert cursors("if not done:\n    x = 1\n") == ["not done:", "done:"]
    assert cursors("const x = await go(y);\n", "javascript") == ["x = await go(y);", "await go(y);", "go(y);", "y);"]


def test_the_cursor_stands_neither_in_literals_nor_before_closing_brackets_nor_behind_the_last_word() -> None:
    assert cursors("say('a = b, c', f'{d.e}')\n") == ["'a = b, c', f'{d.e}')", "f'{d.e}')"]
    assert cursors("x = f()\n") == ["f()"]
    assert cursors("x = 1.5\n") == ["1.5"]
    assert cursors("f(a,  # b, c\n  d)\n") == ["a,  # b, c\n  d)"]


def test_the_rest_of_a_statement_runs_over_its_lines_and_to_its_semicolon() -> None:
    assert cursors('import (\n\t"fmt"\n)\n', "go") == ['(\n\t"fmt"\n)', '"fmt"\n)']
    assert cursors("fn f() {\n    say!(a, b);\n}\n", "rust") == ["f() {"]
    assert cursors("say!(a, b);\n", "rust")[-1] == "b);"


def test_a_gap_is_a_statement_or_arguments_or_some_lines() -> None:
    text = "a = f(b, c)\nif a:\n    d()\ne = 1\n"
    assert targets(text, "python", MIDDLE) == [
        "a = f(b, c)", "b, c", "if a:", "if a:\n    d()", "d()", "e = 1",
    ]  # fmt: skip


def test_a_gap_of_several_lines_does_not_end_within_a_string() -> None:
    text = 'a = 1\nb = """\nx\ny\n"""\nc = 2\n'
    outline = outline_of(text, "python")
    assert outline is not None
    places = places_of(outline, MIDDLE, 0, lambda _position, count: count - 1)
    assert {text[start:end] for start, end in places} == {"a = 1", 'b = """\nx\ny\n"""', "c = 2"}


def test_single_signs_are_no_targets() -> None:
    assert targets("if (x) {\n  y();\n}\n", "javascript", NEXT_LINE) == ["if (x) {", "y();"]
