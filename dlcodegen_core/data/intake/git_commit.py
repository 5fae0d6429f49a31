"""Which commit a folder of this machine stands at, read from the files in which git keeps it.

git itself is not asked: it would obey the repository's settings, which may start any program.
"""

import re
from itertools import islice
from pathlib import Path

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = re.compile(r"refs/[^\0\n]{1,1000}")
_LONGEST_LINE = 5_000
_MAX_PACKED_REFS = 200_000


def commit_of(folder: Path) -> str | None:
    """The hash of the commit that `folder`, the top of a git work tree, stands at; None if it is no such folder.

    Says nothing about changes made since the commit.
    """
    try:
        own = _git_folder(folder)
        head = _first_line(own / "HEAD")
        if _HASH.fullmatch(head):
            return head
        ref = head.removeprefix("ref: ")
        if ref == head or not _REF.fullmatch(ref) or ".." in ref:
            return None
        common = _common_folder(own)
        return _loose(own / ref) or _loose(common / ref) or _packed(common / "packed-refs", ref)
    except (OSError, ValueError):  # ValueError: not UTF-8, or no path
        return None


def _git_folder(folder: Path) -> Path:
    """Where git keeps what belongs to this work tree alone; in one of several, `.git` is a file naming the place."""
    kept = folder / ".git"
    return folder / _first_line(kept).removeprefix("gitdir: ") if kept.is_file() else kept


def _common_folder(own: Path) -> Path:
    """Where git keeps what all work trees of a repository share."""
    pointer = own / "commondir"
    return own / _first_line(pointer) if pointer.is_file() else own


def _first_line(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8") as file:
        return file.readline(_LONGEST_LINE).rstrip("\n")


def _loose(path: Path) -> str | None:
    found = _first_line(path)
    return found if _HASH.fullmatch(found) else None


def _packed(path: Path, ref: str) -> str | None:
    if not path.is_file():
        return None
    with path.open(encoding="utf-8") as file:
        for line in islice(file, _MAX_PACKED_REFS):
            commit, _, name = line.rstrip("\n").partition(" ")
            if name == ref and _HASH.fullmatch(commit):
                return commit
    return None
