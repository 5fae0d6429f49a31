"""Targets that no surroundings make sound."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcodegen_core.data.demo import standard_library_pairs
from dlcodegen_core.data.doctor.beginnings import LANGUAGES
from dlcodegen_core.data.doctor.syntax import judge
from dlcodegen_core.data.pairs import Pair

LIBRARY = standard_library_pairs(1000)


def is_broken(pair: Pair) -> bool:
    return judge(pair) == "broken"


def test_the_standard_library_is_sound() -> None:
    assert [pair for pair in LIBRARY if is_broken(pair)] == []


def test_the_standard_library_is_sound_with_longer_prompts_and_in_gaps() -> None:
    by_file: dict[str | None, list[Pair]] = {}
    for pair in LIBRARY:
        by_file.setdefault(pair.source, []).append(pair)
    joined = [
        Pair(before.prompt, before.target, "python", suffix=f"\n{after.target}")
        for pairs in by_file.values()
        for before, after in itertools.pairwise(pairs)
        if before.line is not None and after.line == before.line + 1
    ]
    assert len(joined) > 50
    assert sum(map(is_broken, joined)) <= len(joined) // 100


@pytest.mark.parametrize(
    "target",
    [
        "Please note that the value is not used here.",
        '<div class="row">',
        "<<<<<<< HEAD",
        "const x = () => { return y; }",
        "if err := f(); err != nil {",
        "```python",
        ">>> x = 1",
        "x = = 1",
        "x = 'open",
        "return x…",
    ],
)
def test_what_is_no_python_is_found_nearly_everywhere_in_the_library(target: str) -> None:
    some = LIBRARY[::50]
    assert sum(is_broken(replace(pair, target=target)) for pair in some) >= 0.8 * len(some)


SOUND = [
    ("python", "    foo,\n    bar,\n    ", "key=1)"),
    ("python", "        raise ValueError(\n            text\n        ", ") from error"),
    ("python", "            x = 1\n        ", "except ValueError as error:"),
    ("python", "            x = 1\n        ", "else:"),
    ("python", "        case 1:\n            x = 1\n        ", "case 2:"),
    ("python", "x = 1\n", "@decorator(1)"),
    ("python", "x = 1\n", "try:"),
    ("python", "x = 1\n", "match x:"),
    ("python", "def f(x):\n    ", 'text = """open'),
    ("python", "x = 1\n", "y = x + \\"),
    ("python", "x = 1\n", "from os import (  # of the system"),
    ("python", "", "x = foo("),
    ("python", "    (a != b) or\n    ", "len(x.y))):"),
    ("python", '    "a",\n    "b",\n', "}:"),
    ("python", "x = 1\n", "y = (a if (f(b) > 0 and"),
    ("javascript", "x = 1;\n", "do {"),
    ("javascript", "x = 1;\n", "y = new Foo(x ? function (z) {"),
    ("javascript", "    x();\n    ", "y();\n  }\n});"),
    ("javascript", "  a: 1,\n  ", "b: 2,"),
    ("javascript", "  if (x) {\n    y();\n  ", "} else if (z &&"),
    ("typescript", "  x: number;\n  ", "private readonly y: string;"),
    ("typescript", "  foo();\n", "});"),
    ("tsx", "  return (\n    ", '<div className="x">'),
    ("tsx", "    <p>x</p>\n  ", "</div>"),
    ("java", "  int x = 1;\n  ", "public void run() throws IOException {"),
    ("java", "    foo();\n  ", "} catch (IOException error) {"),
    ("go", "\tx := 1\n\t", "if err := f(x); err != nil {"),
    ("go", '\t"fmt"\n\t', '"os"'),
    ("rust", "    let x = 1;\n    ", "match x {"),
    ("rust", "    A,\n    ", "B(u8),"),
    ("c", "    int x = 1;\n    ", "for (int i = 0; i < x; i++) {"),
    ("c", "int x;\n", "#define Y 1"),
    ("cpp", "  int x;\n", " private:"),
    ("cpp", "int x;\n", "class CLASS_API Store : public Base {"),
]


@pytest.mark.parametrize(("language", "prompt", "target"), SOUND)
def test_a_line_that_goes_on_before_or_after_is_sound(language: str, prompt: str, target: str) -> None:
    assert not is_broken(Pair(prompt, target, language))


BEFORE = {
    "python": "x = 1\ny = 2\n",
    "javascript": "let x = 1;\nfoo(x);\n",
    "typescript": "let x: number = 1;\nfoo(x);\n",
    "tsx": "let x: number = 1;\nfoo(x);\n",
    "java": "int x = 1;\nfoo(x);\n",
    "go": "x := 1\nfoo(x)\n",
    "rust": "let x = 1;\nfoo(x);\n",
    "c": "int x = 1;\nfoo(x);\n",
    "cpp": "int x = 1;\nfoo(x);\n",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("target", ["This sentence is no code at all, is it.", "x = ) y (", "= = = 5;", "<<<<<<< HEAD"])
def test_what_is_no_code_is_found_in_every_language(language: str, target: str) -> None:
    assert is_broken(Pair(BEFORE[language], target, language))


def test_a_gap_within_a_line_is_judged_with_the_rest_of_its_line() -> None:
    assert not is_broken(Pair("x = 1\ny = foo(", "a, b", "python", suffix=")\nz = 1\n"))
    assert is_broken(Pair("x = 1\ny = foo(", "a b c", "python", suffix=")\nz = 1\n"))


def test_prose_within_a_comment_that_began_earlier_is_not_judged() -> None:
    prompt = "of the first argument, which is then\nused by all of the others, unless it\nis empty or so.\n"
    assert judge(Pair(prompt, "In that case nothing happens.", "python")) == "unknown"


@pytest.mark.parametrize("language", [None, "cobol", ""])
def test_a_language_without_a_grammar_is_not_judged(language: str | None) -> None:
    assert judge(Pair("x", "this is no code", language)) == "sound"


def test_a_hostile_depth_of_brackets_is_judged_in_time() -> None:
    for language in LANGUAGES:
        judge(Pair("x = 1\n", "if (a ? [" * 400, language))


@given(st.text(), st.text(), st.sampled_from(LANGUAGES), st.none() | st.text())
@settings(max_examples=25)
def test_any_text_is_judged(prompt: str, target: str, language: str, suffix: str | None) -> None:
    assert judge(Pair(prompt, target, language, suffix=suffix)) in ("sound", "broken", "unknown")
