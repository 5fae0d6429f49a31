"""Pairs laid side by side give their file back."""

import sysconfig
from pathlib import Path

from dlcodegen_core.data.demo import standard_library_pairs
from dlcodegen_core.data.pair_texts import texts_of_pairs
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.source_files import SourceFile

LINES = ["import os", "", "def a(x):", "    y = x", "    return y", "", "print(a(1))"]


def _next_line(line: int, before: int = 2) -> Pair:
    """The pair that was cut for a line, counted from 1."""
    text = LINES[line - 1]
    code = text.lstrip()
    prompt = "\n".join([*LINES[max(0, line - 1 - before) : line - 1], text[: len(text) - len(code)]])
    return Pair(prompt, code, "python", "a.py", line)


def test_overlapping_pairs_of_a_file_give_each_line_once() -> None:
    pairs = [_next_line(line) for line in (3, 4, 5, 7)]
    assert texts_of_pairs(pairs) == [SourceFile("a.py", "\n".join(LINES) + "\n", "python")]
    assert texts_of_pairs(pairs[::-1]) == texts_of_pairs(pairs)


def test_what_no_pair_covers_is_a_blank_line() -> None:
    pairs = [_next_line(3, before=1), _next_line(7, before=1)]
    assert texts_of_pairs(pairs)[0].text == "\ndef a(x):\n\n\nprint(a(1))\n"


def test_a_mended_target_goes_before_what_its_neighbours_remember() -> None:
    mended = Pair(_next_line(4).prompt, "y = 2 * x", "python", "a.py", 4)
    assert "    y = 2 * x\n    return y" in texts_of_pairs([_next_line(3), mended, _next_line(5)])[0].text


def test_the_code_behind_a_gap_counts_too() -> None:
    middle = Pair("def a(x):\n    ", "y = x", "python", "a.py", 4, suffix="\n    return y\n\npri")
    assert texts_of_pairs([_next_line(3), middle])[0].text == "import os\n\ndef a(x):\n    y = x\n    return y\n\n"


def test_pairs_without_a_place_are_texts_of_their_own() -> None:
    pairs = [Pair("a ", "b", "go"), Pair("c ", "d", source="x.md"), Pair("e ", "f", suffix=" g")]
    assert texts_of_pairs(pairs) == [
        SourceFile("pair 1", "a b", "go"),
        SourceFile("x.md#2", "c d", None),
        SourceFile("pair 3", "e f g", None),
    ]


def test_texts_of_real_pairs_are_parts_of_their_files() -> None:
    library = Path(sysconfig.get_path("stdlib"))
    for file in texts_of_pairs(standard_library_pairs(300)):
        original = (library / file.path).read_text("utf-8").split("\n")
        bare = {line.rstrip() for line in original}
        assert {line.rstrip() for line in file.text.split("\n")} <= bare | {""}
