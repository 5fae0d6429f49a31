"""Which code this is: the version of the package and, in a checkout, the commit that is checked out.

Read from git's own files, since asking git costs a process. Changes that are not committed are not seen.
"""

import re
from functools import cache
from pathlib import Path

import dlcodegen_core

SHOWN_CHARACTERS = 12
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@cache
def code_version() -> str:
    """`0.1.0`, or `0.1.0, commit 8db9266e21db`."""
    commit = commit_of(Path(dlcodegen_core.__file__).parents[1])
    return f"{dlcodegen_core.__version__}, commit {commit[:SHOWN_CHARACTERS]}" if commit else dlcodegen_core.__version__


def commit_of(checkout: Path) -> str:
    """The commit that is checked out in a folder, empty if the folder is no checkout."""
    try:
        git = _git_folder(checkout)
        head = (git / "HEAD").read_text("utf-8").strip()
        commit = _of_branch(git, head.removeprefix("ref: ")) if head.startswith("ref: ") else head
    except (OSError, ValueError):
        return ""
    return commit if _COMMIT.fullmatch(commit) else ""


def _git_folder(checkout: Path) -> Path:
    git = checkout / ".git"
    # In a second work tree it is a file that names the place.
    return checkout / git.read_text("utf-8").strip().removeprefix("gitdir: ") if git.is_file() else git


def _of_branch(git: Path, branch: str) -> str:
    shared = git / "commondir"
    folders = [git, git / shared.read_text("utf-8").strip()] if shared.is_file() else [git]
    for folder in folders:
        if (folder / branch).is_file():
            return (folder / branch).read_text("utf-8").strip()
    for folder in folders:
        packed = folder / "packed-refs"
        for line in packed.read_text("utf-8").splitlines() if packed.is_file() else ():
            commit, _blank, name = line.partition(" ")
            if name == branch:
                return commit
    return ""
