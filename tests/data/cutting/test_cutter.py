"""Pairs from source: verbatim pieces of real files, balanced, and the same every time."""

import sysconfig
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcodegen_core.data.cutting import CutOptions, cut_pairs
from dlcodegen_core.data.pairs import BODY, KINDS, MIDDLE, NEXT_LINE, STATEMENT, Pair, check_pairs
from dlcodegen_core.data.source_files import SUFFIXES, SourceFile
from tests.data.cutting.snippets import SNIPPETS

LIBRARY = Path(sysconfig.get_path("stdlib"))
NAMES = ("ast", "bisect", "calendar", "dataclasses", "enum", "heapq", "json/decoder", "keyword", "stat", "typing")
ALL = CutOptions(kinds=KINDS, most_pairs=100_000)
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=())) | st.text(
    "\x00\ud800\r\f\n\n\n    'é😀\"`/*#(){}:;=ax"
)
SHUFFLED_CODE = st.lists(
    st.sampled_from([line for text in SNIPPETS.values() for line in text.split("\n")]), max_size=12
).map("\n".join)


@pytest.fixture(scope="module")
def library() -> list[SourceFile]:
    return [SourceFile(f"{name}.py", (LIBRARY / f"{name}.py").read_text("utf-8"), "python") for name in NAMES]


def cut(text: str, language: str | None = "python", kinds: tuple[str, ...] = KINDS, **options: int) -> list[Pair]:
    return cut_pairs([SourceFile("a", text, language)], CutOptions(kinds=kinds, most_pairs=100_000, **options))


def check_verbatim(pair: Pair, text: str, options: CutOptions) -> None:
    """The pair is one unbroken piece of the text, its target where it says, its edges where they should be."""
    piece = f"{pair.prompt}{pair.target}{pair.suffix or ''}"
    line = f"\n{text}".split("\n")[pair.line or 0]
    assert piece in text
    assert line.endswith(pair.target.split("\n")[0] + line[len(line.rstrip()) :]) or pair.target.split("\n")[0] in line
    assert pair.target == pair.target.strip()
    assert f"\n{pair.prompt}" in f"\n{text}"
    assert len(pair.prompt) <= options.prompt_characters
    assert (pair.suffix is not None) == (pair.kind == MIDDLE)
    assert len(pair.suffix or "") <= options.suffix_characters


def test_pairs_of_real_files_are_sound_and_verbatim(library: list[SourceFile]) -> None:
    pairs = cut_pairs(library, ALL, commit="abc")
    texts = {file.path: file.text for file in library}
    check_pairs(pairs, "the standard library")
    assert {pair.kind for pair in pairs} == set(KINDS)
    assert {(pair.commit, pair.language) for pair in pairs} == {("abc", "python")}
    for pair in pairs[::7]:
        check_verbatim(pair, texts[pair.source or ""], ALL)


def test_no_pair_comes_twice(library: list[SourceFile]) -> None:
    copies = [*library, *(SourceFile(f"copy/{file.path}", file.text, "python") for file in library)]
    options = CutOptions(kinds=(NEXT_LINE, BODY), most_pairs=100_000)
    pairs = cut_pairs(copies, options)
    assert len({(pair.prompt, pair.target) for pair in pairs}) == len(pairs) == len(cut_pairs(library, options))


def test_pairs_come_by_path_and_by_line_whatever_the_order_of_the_files(library: list[SourceFile]) -> None:
    options = CutOptions(kinds=KINDS, most_pairs=500)
    pairs = cut_pairs(library, options)
    assert pairs == cut_pairs(library[::-1], options)
    places = [(pair.source or "", pair.line or 0) for pair in pairs]
    assert places == sorted(places)


def test_another_seed_gives_other_pairs(library: list[SourceFile]) -> None:
    pairs = [cut_pairs(library, CutOptions(kinds=KINDS, most_pairs=200, seed=seed)) for seed in (0, 1)]
    assert pairs[0] != pairs[1]


def test_small_files_give_all_they_have_and_large_ones_the_same(library: list[SourceFile]) -> None:
    pairs = cut_pairs(library, CutOptions(most_pairs=2_000))
    counts = Counter(pair.source for pair in pairs)
    everything = Counter(pair.source for pair in cut_pairs(library, CutOptions(most_pairs=100_000)))
    assert len(pairs) == 2_000
    assert all(count == everything[path] or count >= max(counts.values()) - 1 for path, count in counts.items())
    assert counts["stat.py"] == everything["stat.py"] < max(counts.values())


def test_the_kinds_share_the_pairs_of_a_file_and_spread_over_it(library: list[SourceFile]) -> None:
    typing = [file for file in library if file.path == "typing.py"]
    pairs = cut_pairs(typing, CutOptions(kinds=KINDS, most_pairs=80))
    assert Counter(pair.kind for pair in pairs) == dict.fromkeys(KINDS, 20)
    last = typing[0].text.count("\n")
    assert {(pair.line or 0) * 4 // last for pair in pairs if pair.kind == NEXT_LINE} == {0, 1, 2, 3}


def test_fewer_pairs_than_files_come_from_as_many_files(library: list[SourceFile]) -> None:
    pairs = cut_pairs(library, CutOptions(kinds=KINDS, most_pairs=4))
    assert len({pair.source for pair in pairs}) == len(pairs) == 4


def test_progress_counts_files_and_may_call_it_off(library: list[SourceFile]) -> None:
    heard: list[tuple[int, int]] = []
    cut_pairs(library[:3], ALL, progress=lambda done, total: heard.append((done, total)))
    assert heard == [(0, 3), (1, 3), (2, 3), (3, 3)]

    def stop(done: int, _total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_pairs(library, ALL, progress=stop)


def test_nothing_gives_nothing() -> None:
    assert cut_pairs([]) == cut("") == cut("\n\n", None) == cut("# only a comment\n") == []


PYTHON, TYPESCRIPT, GO, RUST, JAVA, C = (
    SNIPPETS[language] for language in ("python", "typescript", "go", "rust", "java", "c")
)


@pytest.mark.parametrize(
    ("language", "kind", "line", "prompt_end", "target", "suffix"),
    [
        ("python", NEXT_LINE, 11, "square = self.radius**2\n        ", "return math.pi * square", None),
        ("python", STATEMENT, 16, "# nothing to compare\n    if ", "not circles:", None),
        (
            "python",
            BODY,
            10,
            '"""The area."""\n        ',
            "square = self.radius**2\n        return math.pi * square",
            None,
        ),
        ("python", MIDDLE, 18, "return max(", "circles, key=lambda circle: circle.area", ")\n"),
        ("typescript", NEXT_LINE, 4, "interface Basket {\n  ", "items: Item[];", None),
        ("typescript", STATEMENT, 3, "\n\ninterface ", "Basket {", None),
        (
            "typescript",
            BODY,
            8,
            "tax = 0.2): number {\n  ",
            "const net = basket.items.reduce((sum, item) => sum + item.price, 0);\n  return net * (1 + tax);",
            None,
        ),
        ("typescript", MIDDLE, 9, "price, 0);\n  ", "return net * (1 + tax);", "\n}\n"),
        ("go", NEXT_LINE, 7, "(int, error) {\n\t", "sum := 0", None),
        ("go", STATEMENT, 6, "// Total adds the prices.\nfunc ", "Total(items []Item) (int, error) {", None),
        ("go", BODY, 7, "(int, error) {\n\t", GO.split("error) {\n\t")[1].removesuffix("\n}\n"), None),
        ("go", MIDDLE, 12, "fmt.Errorf(", '"negative: %d", sum', ")\n\t}\n\treturn sum, nil\n}\n"),
        ("rust", NEXT_LINE, 7, "text.len());\n    ", "match text.len() {", None),
        ("rust", STATEMENT, 1, "use std::", "fs;", None),
        ("rust", BODY, 5, "Error> {\n    ", RUST.split("Error> {\n    ")[1].removesuffix("\n}\n"), None),
        ("rust", MIDDLE, 9, "_ => Ok(", "text.lines().count()", "),\n    }\n}\n"),
        ("java", NEXT_LINE, 7, "@Override\n    ", "public int total(int tax) {", None),
        ("java", STATEMENT, 1, "package ", "shop;", None),
        (
            "java",
            BODY,
            8,
            "(int tax) {\n        ",
            JAVA.split("tax) {\n        ")[1].removesuffix("\n    }\n}\n"),
            None,
        ),
        ("java", MIDDLE, 12, "}\n        ", "return sum + tax;", "\n    }\n}\n"),
        ("c", NEXT_LINE, 8, "/* Adds up. */\n", "static int sum(const int *values, int count)", None),
        ("c", STATEMENT, 3, "<stdio.h>\n\nstruct ", "point {", None),
        ("c", BODY, 10, "int count)\n{\n    ", C.split("count)\n{\n    ")[1].removesuffix("\n}\n"), None),
        ("c", MIDDLE, 13, "printf(", '"%d\\n", total', ");\n    return total;\n}\n"),
    ],
)
def test_each_kind_in_each_language(
    language: str, kind: str, line: int, prompt_end: str, target: str, suffix: str | None
) -> None:
    found = [pair for pair in cut(SNIPPETS[language], language, (kind,)) if (pair.line, pair.target) == (line, target)]
    assert len(found) == 1
    pair = found[0]
    assert pair.prompt == SNIPPETS[language][: len(pair.prompt)]
    assert pair.prompt.endswith(prompt_end)
    assert (pair.suffix, pair.kind, pair.source) == (suffix, kind, "a")


def test_a_prompt_is_as_many_whole_lines_as_fit() -> None:
    text = "first = 1\nsecond = 2\n\nthird = 3\n"
    assert [pair.prompt for pair in cut(text, kinds=(NEXT_LINE,))] == ["first = 1\n", "first = 1\nsecond = 2\n\n"]
    assert [pair.prompt for pair in cut(text, kinds=(NEXT_LINE,), prompt_characters=21)] == [
        "first = 1\n", "second = 2\n\n",
    ]  # fmt: skip
    assert [pair.prompt for pair in cut(text, kinds=(NEXT_LINE,), prompt_characters=10)] == ["first = 1\n"]


def test_a_suffix_ends_with_a_line_where_one_fits() -> None:
    text = "first = 1\nsecond = 2\nthird = 3\nfourth = f(a, b)\n"
    suffixes = {pair.target: pair.suffix for pair in cut(text, kinds=(MIDDLE,), suffix_characters=12)}
    assert suffixes["second = 2"] == "\nthird = 3"
    assert suffixes["a, b"] == ")\n"
    assert {pair.target: pair.suffix for pair in cut(text, kinds=(MIDDLE,), suffix_characters=5)}[
        "second = 2"
    ] == "\nthir"


def test_without_a_language_there_are_next_lines_alone() -> None:
    pairs = cut("one two\n  three\n\nfour  \n", None)
    assert [(pair.prompt, pair.target, pair.kind) for pair in pairs] == [
        ("one two\n  ", "three", NEXT_LINE),
        ("one two\n  three\n\n", "four", NEXT_LINE),
    ]
    assert cut("one two\n  three\n", None, (BODY,)) == []


def test_a_broken_file_gives_pairs_of_its_sound_parts() -> None:
    text = "import os\n\ndef good(x):\n    return x + 1\n\ndef bad(:\n    = = $\n\ndef fine(y):\n    return y + 2\n"
    bodies = [pair.target for pair in cut(text, kinds=(BODY,))]
    assert bodies == ["return x + 1", "return y + 2"]
    assert not any("= =" in pair.target for pair in cut(text, kinds=(NEXT_LINE, STATEMENT, BODY)))


def test_windows_line_ends_stay_in_prompts_and_never_end_a_target() -> None:
    pairs = cut("def f():\r\n    x = 1\r\n    return x\r\n", kinds=(NEXT_LINE,))
    assert [(pair.prompt, pair.target) for pair in pairs] == [
        ("def f():\r\n    ", "x = 1"),
        ("def f():\r\n    x = 1\r\n    ", "return x"),
    ]


def test_pieces_with_what_cannot_be_kept_are_left_out() -> None:
    assert [pair.target for pair in cut("a = 1\nb = '\0'\n" + "c = 3\n" * 2, None, prompt_characters=7)] == ["c = 3"]
    pairs = cut("a = 1\nb = '\ud800'\nc = 3\n")
    assert [(pair.prompt, pair.target) for pair in pairs] == [("a = ", "1")]


@settings(max_examples=150, deadline=None)
@given(
    ANY_TEXT | SHUFFLED_CODE,
    st.sampled_from([*SUFFIXES, None]),
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(0, 3),
)
def test_any_text_gives_sound_and_verbatim_pairs_or_none(
    text: str, language: str | None, prompt_characters: int, suffix_characters: int, seed: int
) -> None:
    options = CutOptions(KINDS, 1_000, seed, prompt_characters, suffix_characters)
    pairs = cut_pairs([SourceFile("a", text, language)], options)
    for pair in pairs:
        check_verbatim(pair, text, options)
    if pairs:
        check_pairs(pairs, "any text")
