"""Syntax trees by tree-sitter for nine languages: the grammars, and a parser of each for every thread.

Half-typed code is welcome: tree-sitter always answers with a tree and marks what it could not place as ERROR.
Parsers are not thread-safe, so every thread has its own; a grammar is imported when its language is first used.
Knows nothing of what the trees are read for.
"""

import importlib
import threading
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Parser, Tree

_GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "java": ("tree_sitter_java", "language"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
}

# tree-sitter asks every hundred steps whether to go on. Ordinary code is asked about 10 times a kilobyte, so this is
# reached only by text that keeps many readings of itself alive; counted in steps, not seconds, it is the same anywhere.
_CHECKS_PER_KILOBYTE = 200
_FREE_CHECKS = 1_000
_READ_BYTES = 65_536


class _Parsers(threading.local):
    """This thread's parsers, by language."""

    def __init__(self) -> None:
        self.by_language: dict[str, Parser] = {}


_parsers = _Parsers()


@lru_cache
def grammar(language: str) -> "Language":
    """The grammar of a language, imported on first use. Raises ValueError for a language without one."""
    from tree_sitter import Language

    if language not in _GRAMMARS:
        raise ValueError(f"No grammar for {language!r}. Use one of: {', '.join(_GRAMMARS)}.")
    module, function = _GRAMMARS[language]
    return Language(getattr(importlib.import_module(module), function)())


def parse_whole(code: bytes, language: str) -> "Tree":
    """The tree of all of the code, however long. Raises ValueError for an unknown language."""
    return _parser(language).parse(code)


def parse_bounded(code: bytes, language: str) -> "Tree | None":
    """As `parse_whole`, but None for code that needs many times the work of ordinary code.

    Whether it does depends on the code alone, not on the machine.
    """
    checks_left = _FREE_CHECKS + len(code) * _CHECKS_PER_KILOBYTE // 1_000

    def is_enough(_offset: int, _has_error: bool) -> bool:
        nonlocal checks_left
        checks_left -= 1
        return checks_left < 0

    parser = _parser(language)
    try:
        return parser.parse(lambda offset, _point: code[offset : offset + _READ_BYTES], progress_callback=is_enough)
    except ValueError:  # how a parse that was stopped is told
        parser.reset()  # or the next parse would go on with this one
        return None


def _parser(language: str) -> "Parser":
    from tree_sitter import Parser

    parser = _parsers.by_language.get(language)
    if parser is None:
        parser = _parsers.by_language[language] = Parser(grammar(language))
    return parser
