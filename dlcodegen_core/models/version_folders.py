"""Where versions lie and how they are numbered: `v1`, `v2`, … under one folder, counting up."""

import re
from pathlib import Path

_NAME = re.compile(r"v([1-9][0-9]{0,8})")


def version_folders(root: Path) -> list[Path]:
    """All versions under `root`, oldest first. Half-written ones have other names and are left out."""
    if not root.is_dir():
        return []
    numbered = [(int(match[1]), path) for path in root.iterdir() if (match := _NAME.fullmatch(path.name))]
    return [path for _number, path in sorted(numbered)]


def is_version_name(name: str) -> bool:
    """Whether `name` can be a version at all; anything else must not become part of a path."""
    return _NAME.fullmatch(name) is not None


def next_version_folder(root: Path) -> Path:
    """The folder for a new version. Call it with the machine's training lock held, so that no two ask at once."""
    folders = version_folders(root)
    return root / f"v{int(folders[-1].name[1:]) + 1 if folders else 1}"
