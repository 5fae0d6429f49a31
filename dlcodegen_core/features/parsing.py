"""Syntax trees of code snippets, and the literal they break off in, for the nine languages of `language.LANGUAGES`.

A snippet is read by its end, where the cursor is; `syntax_trees` has the grammars and parses whole files.
Knows nothing of features.
"""

import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from dlcodegen_core.syntax_trees import grammar as grammar
from dlcodegen_core.syntax_trees import parse_bounded, parse_whole

if TYPE_CHECKING:
    from tree_sitter import Tree

MAX_CHARACTERS = 20_000

_LINE = r"[^\n]*+"
_BLOCK_COMMENT = r"/\*(?:[^*]|\*(?!/))*+\*/"


def _literals(
    comment: str, *, in_line: str, across_lines: str = "", triple: str = "", raw: str = "", blocks: bool = True
) -> re.Pattern[str]:
    """A pattern that finds literals one after the other; the one left open at the text's end is in a named group.

    `in_line`, `across_lines` and `triple` are the quotes of each kind of string. What is not closed runs to the end
    of the text, so no character is read more than twice.
    """
    closed, open_comments, open_strings = [f"{comment}{_LINE}(?=\n)"], [f"{comment}{_LINE}"], []
    if blocks:
        closed.append(_BLOCK_COMMENT)
        open_comments.append(r"/\*.*")
    if raw:
        closed.append(raw)
        open_strings.append(r"\br#+\".*")
    for quote in triple:
        closed.append(rf"{quote * 3}(?:[^{quote}\\]|\\.|{quote}(?!{quote * 2}))*+{quote * 3}")
        open_strings.append(f"{quote * 3}.*")
    for quote in across_lines:
        closed.append(rf"{quote}(?:[^{quote}\\]|\\.)*+{quote}")
        open_strings.append(f"{quote}.*")
    for quote in in_line:
        single = f"{quote}(?!{quote * 2})" if quote in triple else quote
        closed.append(rf"{single}(?:[^{quote}\\\n]|\\.)*+(?:{quote}|(?=\n))")
        open_strings.append(f"{quote}.*")
    groups = (f"(?P<comment>{'|'.join(open_comments)})", f"(?P<string>{'|'.join(open_strings)})")
    return re.compile("|".join((*closed, *groups)), re.DOTALL)


# in Rust a lone quote is a lifetime, so only a whole character literal is one
_RUST_RAW = r"""'(?:\\[^\n']++|[^'\\\n])'|\br#++"(?:[^"]|"(?!#))*+"#++"""
_JAVASCRIPT = _literals("//", in_line="\"'", across_lines="`")
_LITERALS = {
    "python": _literals("#", in_line="\"'", triple="\"'", blocks=False),
    "javascript": _JAVASCRIPT,
    "typescript": _JAVASCRIPT,
    "tsx": _JAVASCRIPT,
    "java": _literals("//", in_line="\"'", triple='"'),
    "go": _literals("//", in_line="\"'", across_lines="`"),
    "rust": _literals("//", in_line="", across_lines='"', raw=_RUST_RAW),
    "c": _literals("//", in_line="\"'"),
    "cpp": _literals("//", in_line="\"'"),
}


def parse(text: str, language: str) -> "Tree":
    """Parse the last 20,000 characters of any text; what UTF-8 cannot hold is read as a question mark.

    A text that would take tree-sitter very long (some make it search without end) has the tree of an empty one.
    Raises ValueError for an unknown language, and never because of the text.
    """
    return parse_bounded(tail(text).encode("utf-8", "replace"), language) or parse_whole(b"", language)


def tail(text: str) -> str:
    """The part of a text that is parsed: its end, where the cursor is."""
    return text[-MAX_CHARACTERS:]


class OpenLiteral(NamedTuple):
    """A string or comment that the text breaks off in, and the index of its first character."""

    kind: str
    start: int


def open_literal(text: str, language: str) -> OpenLiteral | None:
    """The "string" or "comment" that the end of the text stands in, or None.

    Grammars recover from an unclosed quote each in its own way, mostly by reading the rest as code; so this is told
    from the characters. Regular expression literals are not recognised, and a template literal is a string
    throughout.
    """
    last = deque(_LITERALS[language].finditer(text), maxlen=1)
    if not last or last[0].lastgroup is None:
        return None
    return OpenLiteral(last[0].lastgroup, last[0].start())
