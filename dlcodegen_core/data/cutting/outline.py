"""One file as the cutter sees it: its lines, and where statements, functions and arguments stand in it.

All positions are characters of the text, not tree-sitter's bytes. What a grammar could not read is left out: nodes
with an error within, and the lines that the error stands on. Knows nothing of pairs.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from dlcodegen_core.data.cutting.constructs import CAPTURES, query, statement_names
from dlcodegen_core.syntax_trees import parse_bounded

if TYPE_CHECKING:
    from tree_sitter import Node


# Beyond these, which no code that a person wrote reaches, a query takes time with the square of the text.
_HEAP = 5_000
_DEEPEST = 10_000

Span = tuple[int, int]
"""Where something starts, and where it ends."""


class Statement(NamedTuple):
    """header: where its first block begins, with the opening brace; its end if it has none."""

    start: int
    header: int
    end: int


class Function(NamedTuple):
    """The text of `body` starts and ends with code or a comment, without braces and without a docstring."""

    start: int
    body: Span


@dataclass(frozen=True)
class Outline:
    """The lines of a text and what stands in them.

    code_lines: what is written on each line, without the blanks around it; empty for a blank one. closed_lines: for
    each line, whether no literal of several lines, comment or error has a part in it. Statements are the first thing
    on their line, one for each line at most.
    """

    text: str
    line_starts: list[int]
    code_lines: list[Span]
    closed_lines: list[bool]
    statements: list[Statement] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    arguments: list[Span] = field(default_factory=list)

    def row(self, position: int) -> int:
        return bisect_right(self.line_starts, position) - 1


def outline_of(text: str, language: str | None, wanted: frozenset[str] = CAPTURES) -> Outline | None:
    """The outline of a text, of its lines alone if the language is None; None if it takes too long to read.

    wanted: which captures of `constructs` are looked for; without "statement" there are none, and so on.
    Raises ValueError for an unknown language.
    """
    starts, code_lines = _lines(text)
    if language is None:
        return Outline(text, starts, code_lines, [True] * len(starts))
    code = text.encode("utf-8", "replace")  # a lone surrogate is one question mark, so characters still count right
    tree = parse_bounded(code, language)
    if tree is None or _has_heap(tree.root_node):
        return None
    from tree_sitter import QueryCursor

    cursor = QueryCursor(query(language, wanted))
    cursor.set_max_start_depth(_DEEPEST)
    captures = cursor.captures(tree.root_node)
    reading = _Reading(text, starts, code_lines, language, captures, _character_of_byte(text, code))
    return Outline(
        text, starts, code_lines, reading.closed_lines(), reading.statements(), reading.functions(), reading.arguments()
    )


class _Reading:
    """The captures of one tree on their way to an outline."""

    def __init__(
        self,
        text: str,
        starts: list[int],
        code_lines: list[Span],
        language: str,
        captures: "dict[str, list[Node]]",
        character: Callable[[int], int],
    ) -> None:
        self.text = text
        self.starts = starts
        self.code_lines = code_lines
        self.language = language
        self.captures = captures
        self.character = character
        self.prose = [self._span(node) for node in captures.get("prose", ())]

    def closed_lines(self) -> list[bool]:
        marks = _Marks(len(self.starts))
        for first, last in (*self._literal_rows(), *self._prose_rows(), *self._error_rows()):
            marks.mark(first, last)
        return marks.unmarked()

    def statements(self) -> list[Statement]:
        """Of several that start in the same place the one with the shortest header."""
        blocks = sorted(self.character(node.start_byte) for node in self.captures.get("block", ()))
        blocks.append(len(self.text) + 1)
        prose_at = {end: start for start, end in self.prose}
        prose_from = dict(self.prose)
        line_codes = {start for start, _end in self.code_lines}
        shortest: dict[int, Statement] = {}
        for start, end in self._sound_spans("statement"):
            if start not in line_codes or prose_from.get(start) == end:
                continue
            end += self.text.startswith(";", end)  # some grammars count it to the list that the statement is in
            block = blocks[bisect_right(blocks, start)]
            header = self._header(block, prose_at) if block < end else end
            known = shortest.get(start)
            if known is None or (header, end) < (known.header, known.end):
                shortest[start] = Statement(start, header, end)
        return sorted(shortest.values())

    def functions(self) -> list[Function]:
        return [function for node in self._sound("function") if (function := self._function(node))]

    def arguments(self) -> list[Span]:
        """What stands between the brackets, where anything does."""
        insides = (_stripped(self.text, start + 1, end - 1) for start, end in self._sound_spans("arguments"))
        return [(start, end) for start, end in insides if start < end]

    def _span(self, node: "Node") -> Span:
        """Where a node stands, less the blanks at its end: some comments own their line break."""
        start, end = self.character(node.start_byte), self.character(node.end_byte)
        return start, _last_code(self.text, end, start)

    def _sound(self, capture: str) -> "Iterable[Node]":
        return (node for node in self.captures.get(capture, ()) if not node.has_error)

    def _sound_spans(self, capture: str) -> Iterable[Span]:
        return (self._span(node) for node in self._sound(capture))

    def _row(self, position: int) -> int:
        return bisect_right(self.starts, position) - 1

    def _literal_rows(self) -> Iterable[Span]:
        """First and last row of each literal over several lines."""
        for start, end in (*self.prose, *map(self._span, self.captures.get("string", ()))):
            if self.text.find("\n", start, end) >= 0:
                yield self._row(start), self._row(end)

    def _prose_rows(self) -> Iterable[Span]:
        """Rows that hold a comment or a docstring and nothing else."""
        rows = {line: row for row, line in enumerate(self.code_lines)}
        return ((rows[span], rows[span]) for span in self.prose if span in rows)

    def _error_rows(self) -> Iterable[Span]:
        """Rows on which something could not be read, less the whole statements that were found on the way."""
        names = statement_names(self.language)
        for node in self.captures.get("error", ()):
            first, last = node.start_point[0], node.end_point[0]
            for child in node.children:
                if child.type in names and child.start_point[0] > first:
                    yield first, child.start_point[0] - 1
                    first = child.end_point[0] + 1
            yield first, max(first, last)

    def _header(self, block: int, prose_at: dict[int, int]) -> int:
        """The end of what stands before a block: behind its brace, in Python behind the colon."""
        if self.text[block] == "{":
            return block + 1
        end = _last_code(self.text, block)
        while end in prose_at:  # comments between the colon and the block
            end = _last_code(self.text, prose_at[end])
        return end

    def _function(self, node: "Node") -> Function | None:
        body, declarator = node.child_by_field_name("body"), node.child_by_field_name("declarator")
        # `struct EXPORT name {` is taken for a function, because nobody told the grammar that EXPORT is a macro
        if body is None or (declarator is not None and declarator.type == "identifier"):
            return None
        start, end = self._span(body)
        if self.text.startswith("{", start):  # a body may be missing, and then it has no character at all
            start, end = start + 1, end - 1
            behind = self.text[start : self.text.find("\n", start, end)].strip()
            if behind.startswith(("//", "/*")) and "*/" not in behind[:-2]:
                start = self.text.find("\n", start, end)  # what is said behind the brace is said of the signature
        elif body.named_child_count and (docstring := _docstring(body.named_children[0])) is not None:
            start = self._span(docstring)[1]
            if self.text.startswith(";", start):
                return None
        start, end = _stripped(self.text, start, end)
        return Function(self.character(node.start_byte), (start, end)) if start < end else None


class _Marks:
    """Which rows lie in any of many ranges, however many ranges lie over each other."""

    def __init__(self, count: int) -> None:
        self._changes = [0] * (count + 1)

    def mark(self, first: int, last: int) -> None:
        last = min(last, len(self._changes) - 2)
        if first <= last:
            self._changes[first] += 1
            self._changes[last + 1] -= 1

    def unmarked(self) -> list[bool]:
        return [not depth for depth in accumulate(self._changes[:-1])]


def _has_heap(root: "Node") -> bool:
    """Whether thousands of tokens that the grammar could make nothing of lie in one place."""
    waiting = [root] if root.has_error else []
    while waiting:
        node = waiting.pop()
        if node.is_error and node.child_count > _HEAP:
            return True
        waiting += (child for child in node.children if child.has_error)
    return False


def _docstring(node: "Node") -> "Node | None":
    only = node.named_child(0) if node.type == "expression_statement" and node.named_child_count == 1 else None
    return only if only is not None and only.type == "string" else None


def _character_of_byte(text: str, code: bytes) -> Callable[[int], int]:
    """The function from tree-sitter's byte offsets to places in the text."""
    if text.isascii():
        return int
    import numpy as np

    leading = (np.frombuffer(code, np.uint8) & 0xC0) != 0x80
    characters_before = np.concatenate(([0], np.cumsum(leading, dtype=np.int32))).tolist()
    return characters_before.__getitem__


def _lines(text: str) -> tuple[list[int], list[Span]]:
    """Where each line starts, and where the code on it stands."""
    starts: list[int] = []
    code_lines: list[Span] = []
    start = 0
    for line in text.split("\n"):
        starts.append(start)
        code = line.strip()
        first = start + len(line) - len(line.lstrip()) if code else start
        code_lines.append((first, first + len(code)))
        start += len(line) + 1
    return starts, code_lines


def _stripped(text: str, start: int, end: int) -> Span:
    """The span less the blanks at both its ends; an empty one if nothing else is in it."""
    while start < end and text[start].isspace():
        start += 1
    return start, _last_code(text, end, start)


def _last_code(text: str, end: int, start: int = 0) -> int:
    """Where the text between `start` and `end` ends, less its blanks."""
    while end > start and text[end - 1].isspace():
        end -= 1
    return end
