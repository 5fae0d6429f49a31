"""A pair of prompt and completion, and the rules that every pair must keep."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dlcodegen_core.errors import DatasetError

MAX_TEXT_CHARS = 100_000
MAX_LINE_NUMBER = 2**31 - 1
PROBLEMS_SHOWN = 3


# How a pair was cut from source; data from elsewhere may name other kinds.
NEXT_LINE, STATEMENT, BODY, MIDDLE = "next line", "statement", "function body", "fill in the middle"
KINDS = (NEXT_LINE, STATEMENT, BODY, MIDDLE)


@dataclass(frozen=True, slots=True)
class Pair:
    """After `prompt` comes `target`, and then `suffix` where that is known.

    source and line: where the target stands in the code it was taken from; commit: that code's revision in git.
    """

    prompt: str
    target: str
    language: str | None = None
    source: str | None = None
    line: int | None = None
    kind: str | None = None
    commit: str | None = None
    suffix: str | None = None


def check_pairs(pairs: Sequence[Pair], where: str, first: int = 1) -> None:
    """Raise DatasetError naming `where`, the pair and what to do, if any pair breaks the rules.

    first: the number of the first of them, for data that comes in pieces.
    """
    if not pairs:
        raise DatasetError(f"{where}: there is not a single pair. Add at least one prompt with its target.")
    problems = [
        f"pair {number:,}: {problem}" for number, pair in enumerate(pairs, start=first) if (problem := problem_of(pair))
    ]
    if problems:
        more = f" … and {len(problems) - PROBLEMS_SHOWN:,} more pairs." if len(problems) > PROBLEMS_SHOWN else ""
        raise DatasetError(f"{where}, {' … '.join(problems[:PROBLEMS_SHOWN])}{more}")


def problem_of(pair: Pair) -> str:
    """What is wrong with a pair and what to do about it; empty if it keeps the rules."""
    return (
        _problem_of("prompt", pair.prompt)
        or _problem_of("target", pair.target)
        or (_problem_of("suffix", pair.suffix) if pair.suffix else "")
        or _problem_of_origin(pair)
    )


def fingerprint(pairs: Iterable[Pair]) -> str:
    """A sha256 over prompts, targets, languages and suffixes in order: equal fingerprints, equal training data."""
    digest = hashlib.sha256()
    for pair in pairs:
        content = (pair.prompt, pair.target, pair.language, *([pair.suffix] if pair.suffix else ()))
        digest.update(repr(content).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _problem_of(what: str, text: object) -> str:
    """What is wrong with one text and what to do about it; empty if it is fine."""
    if not isinstance(text, str):
        return f"{what} is {type(text).__name__}, not text. Put it in quotes."
    if not text or text.isspace():
        return f"{what} is empty. Remove the pair or fill in its {what}."
    if len(text) > MAX_TEXT_CHARS:
        return f"{what} has {len(text):,} characters, at most {MAX_TEXT_CHARS:,} are read. Cut it into several pairs."
    if "\0" in text:
        return f"{what} holds a NUL character, so it is no code. Remove the pair."
    if _has_lone_surrogate(text):
        return f"{what} holds half of a character (a lone surrogate). Save the file as UTF-8 again."
    return ""


def _problem_of_origin(pair: Pair) -> str:
    """What is wrong with language, source, kind, commit or line; empty if they can be stored."""
    for what in ("language", "source", "kind", "commit"):
        text = getattr(pair, what)
        if text is not None and ("\0" in text or _has_lone_surrogate(text)):
            return f"{what} is {text!r}, which is no text. Leave it out or write it as UTF-8."
    if pair.line is not None and not 0 <= pair.line <= MAX_LINE_NUMBER:
        return f"line is {pair.line}. Use a number from 0 to {MAX_LINE_NUMBER}, or leave it out."
    return ""


def _has_lone_surrogate(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode()  # far faster than a look at each character
    except UnicodeEncodeError:
        return True
    return False
