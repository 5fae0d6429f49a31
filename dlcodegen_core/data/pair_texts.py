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

    Stretches that no pair covers are left out, with a blank line in their place.
    """
    files: dict[str, list[Pair]] = {}
    for number, pair in enumerate(pairs, start=1):
        placed = pair.source is not None and pair.line is not None
        name = pair.source if placed else f"{pair.source}#{number}" if pair.source else f"pair {number}"
        files.setdefault(str(name), []).append(pair)
    return [SourceFile(name, _text_of(found), found[0].language) for name, found in files.items()]


def _text_of(pairs: Sequence[Pair]) -> str:
    if len(pairs) == 1:
        return pairs[0].prompt + pairs[0].target + (pairs[0].suffix or "")
    lines: dict[int, str] = {}
    for pair in pairs:
        for number, line in _target_lines(pair):
            if len(line) > len(lines.get(number, "")):  # of a part of a line and the whole, the whole
                lines[number] = line
    for pair in pairs:
        for number, line in _lines_around(pair):
            lines.setdefault(number, line)
    parts: list[str] = []
    previous: int | None = None
    for number in sorted(lines):
        if previous is not None and number > previous + 1:
            parts.append("")
        parts.append(lines[number])
        previous = number
    return "\n".join(parts) + "\n"


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
