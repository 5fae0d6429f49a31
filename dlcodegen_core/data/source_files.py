"""Source files of a folder, each read or skipped with a reason a person understands.

Symbolic links are never followed, so no loop is possible and nothing outside the folder is read.
"""

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.source_content import source_text
from dlcodegen_core.errors import DatasetError

MAX_FILE_BYTES = 1_000_000
MAX_TOTAL_BYTES = 64_000_000
# Tools' own folders, other people's code, and what is built from source.
SKIPPED_FOLDERS = {
    ".git", ".hg", ".svn", ".venv", "venv", "env", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache",
    "__pycache__", "node_modules", "bower_components", "site-packages", "dist-packages", "dist", "build", "target",
    "out", ".next", ".nuxt", "vendor", "vendored", "third_party", "third-party", ".idea", ".vscode", "coverage",
    "htmlcov", ".eggs", ".gradle", ".yarn", ".cache", ".ipynb_checkpoints",
}  # fmt: skip
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
_KINDS_SHOWN = 3

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of source code. path: relative to what was read, with forward slashes. language: None if unknown."""

    path: str
    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file or folder that was not read, and why. Details of the reason stand in brackets."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class FolderReading:
    """What a folder gave. size_bytes: of the texts, as UTF-8.

    other_files: how many files of no known programming language there were, by suffix, the most frequent first.
    """

    files: tuple[SourceFile, ...]
    skipped: tuple[SkippedFile, ...]
    size_bytes: int
    other_files: tuple[tuple[str, int], ...] = ()


def language_of(path: str) -> str | None:
    """The programming language that a file's suffix stands for, None for an unknown one. `.h` is read as C."""
    return _BY_SUFFIX.get(_suffix(path))


def read_folder(folder: Path, progress: Progress | None = None) -> FolderReading:
    """Read all source files under `folder`, each folder's own by name before those of its subfolders.

    progress hears (done, total) and may raise. Raises DatasetError if there is no such folder, or nothing in it can
    be used.
    """
    _check(folder)
    files: list[SourceFile] = []
    skipped: list[SkippedFile] = []
    others: Counter[str] = Counter()
    first_with: dict[bytes, str] = {}
    size_bytes, left_out = 0, 0
    found = list(_walk(folder, skipped))
    for number, inside in enumerate(found):
        if progress:
            progress(number, len(found))
        name = _plain(inside)
        language = language_of(name)
        if language is None:
            others[_suffix(name) or "no suffix"] += 1
            continue
        if left_out:
            left_out += 1
            continue
        text, reason = _read(folder / inside)
        content = text.encode()
        same = None if reason else first_with.setdefault(hashlib.sha256(content).digest(), inside)
        if reason:
            skipped.append(SkippedFile(name, reason))
        elif same != inside:
            skipped.append(SkippedFile(name, f"a copy of another file (the same as {_plain(str(same))})"))
        elif size_bytes + len(content) > MAX_TOTAL_BYTES:
            left_out = 1
        else:
            files.append(SourceFile(name, text, language))
            size_bytes += len(content)
    if progress:
        progress(len(found), len(found))
    if left_out:
        files_left = "1 more file" if left_out == 1 else f"{left_out:,} more files"
        skipped.append(SkippedFile(files_left, f"left out: more than {MAX_TOTAL_BYTES // 10**6} MB in all"))
    if not files:
        raise DatasetError(_nothing_in(folder, skipped, others))
    return FolderReading(tuple(files), tuple(skipped), size_bytes, tuple(others.most_common()))


def source_files_of_pairs(pairs: Sequence[Pair]) -> list[SourceFile]:
    """Each pair as a text of its own, prompt and target, called `source#number` or `pair number`, counted from 1."""
    return [
        SourceFile(
            f"{pair.source}#{number}" if pair.source else f"pair {number}", pair.prompt + pair.target, pair.language
        )
        for number, pair in enumerate(pairs, start=1)
    ]


def fingerprint_of(files: Sequence[SourceFile]) -> str:
    """A sha256 over paths and texts in order: equal fingerprints, equal training data."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(repr((file.path, file.text)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _check(folder: Path) -> None:
    """Raise DatasetError unless `folder` is a folder."""
    name = _plain(str(folder))
    try:
        is_folder = stat.S_ISDIR(folder.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise DatasetError(f"{name}: there is no such folder. Check the path.") from exc
    except OSError as exc:
        raise DatasetError(f"{name} cannot be opened: {exc.strerror}. Check the path and its permissions.") from exc
    except ValueError as exc:
        raise DatasetError(f"{name!r} cannot be a path. Check it.") from exc
    if not is_folder:
        raise DatasetError(f"{name} is not a folder. Give the folder that holds the source.")


def _walk(folder: Path, skipped: list[SkippedFile]) -> Iterator[str]:
    """Files by their path inside `folder`; links and folders that are not entered go to `skipped`."""
    waiting = [""]
    while waiting:
        parent = waiting.pop()
        subfolders: list[str] = []
        try:
            with os.scandir(folder / parent) as entries:
                children = sorted((e.name, e.is_symlink(), e.is_dir(follow_symlinks=False)) for e in entries)
        except OSError as exc:
            skipped.append(SkippedFile(_plain(parent) or ".", f"it cannot be opened ({exc.strerror})"))
            continue
        for name, is_link, is_folder in children:
            inside = parent + name
            if is_link:
                skipped.append(SkippedFile(_plain(inside), "a symbolic link, which is not followed"))
            elif not is_folder:
                yield inside
            elif name in SKIPPED_FOLDERS:
                skipped.append(SkippedFile(f"{_plain(inside)}/", "a folder of tools, built files or others' code"))
            else:
                subfolders.append(f"{inside}/")
        waiting += reversed(subfolders)


def _read(path: Path) -> tuple[str, str]:
    """A file's text, or else the reason to skip it."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return "", "a device or a pipe, not a file"
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as exc:
        return "", f"it cannot be read ({exc.strerror})"
    if len(content) > MAX_FILE_BYTES:
        return "", f"larger than {MAX_FILE_BYTES // 10**6} MB"
    return source_text(content)


def _nothing_in(folder: Path, skipped: Sequence[SkippedFile], others: Counter[str]) -> str:
    told = f"{_plain(str(folder))}: there is no source file that can be used."
    if skipped:
        reason, count = Counter(file.reason.partition(" (")[0] for file in skipped).most_common(1)[0]
        told += f" Skipped: {len(skipped):,}, most often ({count:,}) for this reason: {reason}."
    if others:
        kinds = ", ".join(kind for kind, _count in others.most_common(_KINDS_SHOWN))
        told += f" Files of other kinds: {others.total():,} ({kinds})."
    return f"{told} Give a folder with code in one of these languages: {', '.join(SUFFIXES)}."


def _suffix(path: str) -> str:
    return PurePath(path).suffix.lower()


def _plain(name: str) -> str:
    """A file's name as text that can be written anywhere; names on disk may be any bytes."""
    return name.encode("utf-8", "replace").decode()
