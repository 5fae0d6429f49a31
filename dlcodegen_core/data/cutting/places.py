"""The places in a file where a target may stand, by kind of pair.

A place is the target's start and end in the text; what stands before and behind it is the pair's prompt and suffix.
All targets start and end with something that is not blank.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from dlcodegen_core.data.cutting.outline import Outline, Span
from dlcodegen_core.data.pairs import BODY, MIDDLE, NEXT_LINE, STATEMENT

# In characters: longer lines are mostly data, longer statements tables, longer bodies more than a model writes at once.
SHORTEST_TARGET = 2
LONGEST_LINE = 200
LONGEST_STATEMENT = 400
LONGEST_BODY = 2_000
MOST_GAP_LINES = 5

# The captures of `constructs` that each kind needs.
CAPTURES_OF = {
    NEXT_LINE: {"prose", "string", "error"},
    STATEMENT: {"prose", "statement", "block"},
    BODY: {"function"},
    MIDDLE: {"prose", "string", "error", "statement", "arguments"},
}

Draw = Callable[[int, int], int]
"""draw(position, count): a number below `count` that depends on the seed, the file and the position alone."""

# Within a statement the cursor stops behind a sign that calls for more, or behind a word and its blank where another
# word or a literal follows. Literals and comments are one token each; that two lifetimes of Rust look like a quoted
# string costs a few stops.
_TOKEN = r"""
    (?P<whole> "(?:[^"\\]|\\.)*+"? | '(?:[^'\\]|\\.)*+' | `(?:[^`\\]|\\.)*+`? | \d[\w.]*+ | COMMENT )
  | (?P<stop>
        \w++ (?= [ \t]+ (?: [\w"'`\[({@$] | [&*!-]\w ) )
      | (?: \.++ | [(\[{,=:<>!&|+\-*/%^~?@]++ ) (?! \s* [)\]}] )
    )
  | \w++
"""
_TOKENS = {
    "#": re.compile(_TOKEN.replace("COMMENT", r"\#.*+"), re.VERBOSE),
    "//": re.compile(_TOKEN.replace("COMMENT", r"//.*+ | /\*.*?(?:\*/|$)"), re.VERBOSE),
}
_BLANKS = re.compile(r"\s*+")
_WORD = re.compile(r"\w")
_TRIVIAL_BODIES = {"pass", "..."}


def places_of(outline: Outline, kind: str, prompt_characters: int, draw: Draw) -> list[Span]:
    """All places of one kind, by position, each once.

    Those of statements are of the whole statement: where in it the cursor stands is for `cursor_in` to say, because
    most places are never taken.
    """
    found: Iterable[Span]
    if kind == NEXT_LINE:
        found = _single_lines(outline)
    elif kind == STATEMENT:
        found = ((start, header) for start, header, _end in outline.statements)
    elif kind == BODY:
        found = _bodies(outline, prompt_characters)
    else:
        assert kind == MIDDLE, kind
        found = (*_whole_statements(outline), *_arguments(outline), *_blocks_of_lines(outline, draw))
    return sorted({(start, end) for start, end in found if end - start >= SHORTEST_TARGET})


def cursor_in(text: str, statement: Span, language: str, draw: Draw) -> Span | None:
    """The rest of a statement behind one of the places on its first line where the cursor may stand, if it has any."""
    start, end = statement
    stops = _stops(text, start, end, "#" if language == "python" else "//")
    stop = stops[draw(start, len(stops))] if stops else end
    return (stop, end) if 0 < end - stop <= LONGEST_STATEMENT else None


def _stops(text: str, start: int, end: int, comment: str) -> list[int]:
    """Where in the first line of a statement the cursor may stand: what follows is code and has a word in it."""
    line_end = text.find("\n", start, end)
    tokens = _TOKENS[comment].finditer(text, start, line_end if line_end >= 0 else end)
    behind = (_BLANKS.match(text, token.end()).end() for token in tokens if token.lastgroup == "stop")  # type: ignore[union-attr]
    return [stop for stop in behind if _WORD.search(text, stop, end) and not text.startswith(comment, stop)]


def _single_lines(outline: Outline) -> Iterator[Span]:
    for (start, end), closed in zip(outline.code_lines, outline.closed_lines, strict=True):
        if closed and end - start <= LONGEST_LINE:
            yield start, end


def _bodies(outline: Outline, prompt_characters: int) -> Iterator[Span]:
    """Bodies whose signature can be seen in the prompt."""
    for signature, (start, end) in outline.functions:
        short = end - start <= LONGEST_BODY and start - outline.line_starts[outline.row(signature)] <= prompt_characters
        if short and outline.text[start:end] not in _TRIVIAL_BODIES:
            yield start, end


def _whole_statements(outline: Outline) -> Iterable[Span]:
    return ((start, end) for start, _header, end in outline.statements if end - start <= LONGEST_STATEMENT)


def _arguments(outline: Outline) -> Iterable[Span]:
    return ((start, end) for start, end in outline.arguments if end - start <= LONGEST_STATEMENT)


def _blocks_of_lines(outline: Outline, draw: Draw) -> Iterator[Span]:
    """From each line of code on, one to five lines; never into or out of a literal."""
    lines, closed = outline.code_lines, outline.closed_lines
    for row, (start, end) in enumerate(lines):
        if start == end or not closed[row]:
            continue
        last = min(row + draw(start, MOST_GAP_LINES), len(lines) - 1)
        while lines[last][0] == lines[last][1] or not closed[last]:
            last -= 1
        if lines[last][1] - start <= LONGEST_STATEMENT:
            yield start, lines[last][1]
