"""Pairs as the texts that they were cut from, for models that learn the order of tokens in whole files.

Pairs of one file overlap: the lines before a target are other pairs' targets. Laid side by side by their line
numbers they give the file back, as far as they cover it, each line once. Where pairs disagree about a line, because a
person mended one of them, the pair whose target it is is believed.
"""

from collections.abc import Iterator, Sequence

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.source_files import SourceFile


def texts_of_pairs(pairs: Sequence[Pair]) -> list[SourceFile]:
    """The files of the pairs, in the order of their first pair; each pair without a file and a line is its own text.

    Stretches that no pair covers are left out, with a blank line in their place; the files' `line_numbers` tell.
    """
    files: dict[str, list[Pair]] = {}
    for number, pair in enumerate(pairs, start=1):
        files.setdefault(file_of(pair, number), []).append(pair)
    return [_file_of(name, found) for name, found in files.items()]


def file_of(pair: Pair, number: int) -> str:
    """The name of the text that a pair is part of; number: its place among the pairs, counted from 1."""
    if pair.source is None or pair.source == "":
        return f"pair {number}"
    return pair.source if pair.line is not None else f"{pair.source}#{number}"


def _file_of(name: str, pairs: Sequence[Pair]) -> SourceFile:
    if len(pairs) == 1:
        text, numbers = _alone(pairs[0])
    else:
        text, numbers = _laid_together(pairs)
    # A pair may have more lines before its target than its line number allows.
    shown = tuple(max(1, number) for number in numbers)
    plain = shown == tuple(range(1, len(shown) + 1))
    return SourceFile(name, text, pairs[0].language, None if plain else shown)


def _alone(pair: Pair) -> tuple[str, Sequence[int]]:
    """A pair as it is, and the numbers of its lines; without a file they are counted from 1."""
    text = pair.prompt + pair.target + (pair.suffix or "")
    placed = pair.source is not None and pair.line is not None
    first = _line(pair) - pair.prompt.count("\n") if placed else 1
    return text, range(first, first + text.count("\n") + (not text.endswith("\n")))


def _laid_together(pairs: Sequence[Pair]) -> tuple[str, Sequence[int]]:
    """The text that pairs of one file cover, and the numbers of its lines."""
    lines: dict[int, str] = {}
    for pair in pairs:
        for number, line in _target_lines(pair):
            if len(line) > len(lines.get(number, "")):  # of a part of a line and the whole, the whole
                lines[number] = line
    for pair in pairs:
        for number, line in _lines_around(pair):
            lines.setdefault(number, line)
    parts: list[str] = []
    numbers: list[int] = []
    for number in sorted(lines):
        if numbers and number > numbers[-1] + 1:
            parts.append("")
            numbers.append(numbers[-1] + 1)
        parts.append(lines[number])
        numbers.append(number)
    return "\n".join(parts) + "\n", numbers


def _target_lines(pair: Pair) -> Iterator[tuple[int, str]]:
    """The lines that the target stands on, with what the prompt has of the first of them."""
    begun = pair.prompt[pair.prompt.rfind("\n") + 1 :]
    return enumerate((begun + pair.target).split("\n"), start=_line(pair))


def _lines_around(pair: Pair) -> Iterator[tuple[int, str]]:
    """The whole lines before the target, and behind it those after the one that it ends on."""
    before = pair.prompt.split("\n")[:-1]
    yield from enumerate(before, start=_line(pair) - len(before))
    behind = (pair.suffix or "").split("\n")[1:-1]
    yield from enumerate(behind, start=_line(pair) + pair.target.count("\n") + 1)


def _line(pair: Pair) -> int:
    assert pair.line is not None
    return pair.line
