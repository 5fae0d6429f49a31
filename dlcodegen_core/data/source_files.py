"""Source files, what a reading of many gave, and which programming language a file's name stands for.

Knows nothing of where files come from; see `intake` for that.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

SUFFIXES = {
    "python": "py pyi pyw",
    "javascript": "js jsx mjs cjs",
    "typescript": "ts mts cts",
    "tsx": "tsx",
    "java": "java",
    "go": "go",
    "rust": "rs",
    "c": "c h",
    "cpp": "cpp cc cxx c++ hpp hh hxx h++ ipp tpp cu cuh",
}
_BY_SUFFIX = {f".{suffix}": language for language, suffixes in SUFFIXES.items() for suffix in suffixes.split()}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of source code. path: relative to what was read, with forward slashes. language: None if unknown.

    line_numbers: the number that each line of the text has in the original, where lines of that were left out; None
    if they are 1, 2, 3 …
    """

    path: str
    text: str
    language: str | None = None
    line_numbers: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file or folder that was not read, and why. Details of the reason stand in brackets.

    can_be_forced: whether a person's rule would have it read all the same; a folder's path ends with a slash.
    """

    path: str
    reason: str
    can_be_forced: bool = False


@dataclass(frozen=True, slots=True)
class SourceReading:
    """What a folder, an archive or an upload gave. size_bytes: of the texts, as UTF-8.

    other_files: how many files of no known programming language there were, by suffix, the most frequent first.
    """

    files: tuple[SourceFile, ...]
    skipped: tuple[SkippedFile, ...]
    size_bytes: int
    other_files: tuple[tuple[str, int], ...] = ()


def language_of(path: str) -> str | None:
    """The programming language that a file's suffix stands for, None for an unknown one. `.h` is read as C."""
    return _BY_SUFFIX.get(suffix_of(path))


def suffix_of(path: str) -> str:
    """What follows the last dot of a file's name, with the dot, in lower case; empty if there is none."""
    return PurePath(path).suffix.lower()


def fingerprint_of(files: Sequence[SourceFile]) -> str:
    """A sha256 over paths and texts in order: equal fingerprints, equal training data."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(repr((file.path, file.text)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
