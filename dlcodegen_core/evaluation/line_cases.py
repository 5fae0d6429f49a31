"""Lines of code to be completed: cut out of files at the end of a line's indentation.

A case is a line of plain code. Lines that hold a comment, a docstring or a part of a string over several lines are
left out, told from the syntax tree; a file without a known language falls back to a rule over the lines' first
characters. Knows no model: the same lines are what baselines learn from in training files and are asked in held-out
ones.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tree_sitter import Parser, Query, QueryCursor

from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.features.parsing import grammar

SHORTEST = 10

_C_QUERY = "(comment) @comment (string_literal) @string"
_JAVASCRIPT_QUERY = "(comment) @comment (template_string) @string"
# A docstring is a statement of nothing but a string, wherever it stands.
_QUERIES = {
    "python": "(comment) @comment (string) @string (expression_statement . (string) .) @comment",
    "javascript": _JAVASCRIPT_QUERY,
    "typescript": _JAVASCRIPT_QUERY,
    "tsx": _JAVASCRIPT_QUERY,
    "java": "[(line_comment) (block_comment)] @comment (string_literal) @string",
    "go": "(comment) @comment (raw_string_literal) @string",
    "rust": "[(line_comment) (block_comment)] @comment [(string_literal) (raw_string_literal)] @string",
    "c": _C_QUERY,
    "cpp": f"{_C_QUERY} (raw_string_literal) @string",
}
_PLAIN_COMMENTS = ("#", "//", "/*", "*", "--", ";", "%", "<!--", '"""', "'''", "```", "{-", "(*")


@dataclass(frozen=True, slots=True)
class LineCase:
    """After `prompt` (the file up to and including the line's indentation) comes `target`, the rest of that line.

    line: its number in the file at `path`, counted from 1.
    """

    prompt: str
    target: str
    path: str
    line: int
    language: str | None = None


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A line of code in a file's text: text[start:end] is the line without indentation and trailing spaces."""

    number: int
    start: int
    end: int


def line_cases(files: Sequence[SourceFile], count: int, seed: int, shortest: int = SHORTEST) -> list[LineCase]:
    """At most `count` cases, drawn as evenly over the files as their lines allow; the same seed draws the same ones.

    Any beginning of the list is spread over the files as evenly as the whole. The first line of code of a file is no
    case: there is nothing before it to tell it from.
    """
    return [
        LineCase(file.text[: line.start], file.text[line.start : line.end], file.path, line.number, file.language)
        for file, line in sample_code_lines(files, count, seed, shortest)
    ]


def sample_code_lines(
    files: Sequence[SourceFile], count: int, seed: int, shortest: int = SHORTEST
) -> Iterator[tuple[SourceFile, CodeLine]]:
    """One line of each file in turn, round after round, until `count` lines are drawn or all files are used up.

    Files are visited in the order of a digest, and parsed only when it is their turn.
    """
    waiting = [
        (file, _drawn_lines(file, seed, shortest)) for file in sorted(files, key=lambda file: _draw(seed, file.path))
    ]
    drawn = 0
    while waiting and drawn < count:
        left = []
        for file, lines in waiting:
            if drawn == count:
                return
            if (line := next(lines, None)) is not None:
                yield file, line
                drawn += 1
                left.append((file, lines))
        waiting = left


def code_lines(text: str, language: str | None, shortest: int = SHORTEST) -> list[CodeLine]:
    """All lines of plain code with at least `shortest` characters, in order; those with nothing before them excepted.

    Lines end at line feeds alone, as they do for the parser.
    """
    skipped = _skipped_rows(text, language) if language in _QUERIES else None
    lines: list[CodeLine] = []
    position = 0
    for row, content in enumerate(text.split("\n")):
        code = content.strip()
        start = position + len(content) - len(content.lstrip())
        position += len(content) + 1
        if len(code) < shortest or (code.startswith(_PLAIN_COMMENTS) if skipped is None else row in skipped):
            continue
        lines.append(CodeLine(row + 1, start, start + len(code)))
    return lines[1:] if lines and not text[: lines[0].start].strip() else lines


@lru_cache
def _query(language: str) -> Query:
    return Query(grammar(language), _QUERIES[language])


def _skipped_rows(text: str, language: str | None) -> set[int]:
    """Rows, counted from 0, that a comment, a docstring or a string over several lines touches."""
    assert language is not None
    # features.parsing.parse reads the end of a long text only; here every line matters.
    tree = Parser(grammar(language)).parse(text.encode("utf-8", "replace"))
    rows: set[int] = set()
    for kind, nodes in QueryCursor(_query(language)).captures(tree.root_node).items():
        for node in nodes:
            first, last = node.start_point.row, node.end_point.row
            # the line comments of some grammars end at the beginning of the next line
            last -= last > first and node.end_point.column == 0
            if kind == "comment" or last > first:
                rows.update(range(first, last + 1))
    return rows


def _drawn_lines(file: SourceFile, seed: int, shortest: int) -> Iterator[CodeLine]:
    lines = code_lines(file.text, file.language, shortest)
    yield from sorted(lines, key=lambda line: _draw(seed, f"{file.path}:{line.number}"))


def _draw(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed} {name}".encode("utf-8", "surrogatepass")).digest()
