"""Where versions lie and how they are numbered: `v1`, `v2`, … under one folder, counting up, no number twice.

    v1/ v2/           one version each
    trash/v3/         a version that was deleted
    last_number       the highest number that was ever given out
    registry.lock     held by whoever gives out a number, moves a version or an alias
    .v4.a8f3…         a version that is being written, or was when its process died

Knows nothing of what is in a version.
"""

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from dlcodegen_core.errors import ModelError
from dlcodegen_core.storage.files import disk_errors, new_folder, write_atomically
from dlcodegen_core.storage.locks import lock_file, lock_folder

TRASH = "trash"
NUMBER_FILE = "last_number"
LOCK_FILE = "registry.lock"
# What those who write begin under; see `storage.files`.
LEFTOVERS = (".v[0-9]*.*", ".import.*", f".{NUMBER_FILE}.*", ".registry.json.*", f"{TRASH}/.v[0-9]*.*")
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
    """The folder that the next version would get. Two who ask at once are told the same; see `claim_version`."""
    given = [_last_given(root)]
    given += [int(path.name[1:]) for path in (*version_folders(root), *version_folders(root / TRASH))]
    return root / f"v{max(given) + 1}"


def claim_version(root: Path) -> Path:
    """A folder for a new version, which nobody else is given, now or later; it is not made. Raises StorageError.

    Call it once for each version. A number that is never used leaves a gap.
    """
    with registry_lock(root):
        return claim_under_lock(root)


def claim_under_lock(root: Path) -> Path:
    """`claim_version` for those who hold the registry's lock already."""
    folder = next_version_folder(root)
    write_atomically(root / NUMBER_FILE, f"{folder.name[1:]}\n".encode())
    return folder


@contextlib.contextmanager
def registry_lock(root: Path) -> Iterator[None]:
    """Be the only one, of all threads and processes, that gives out numbers or moves versions and aliases."""
    with disk_errors(LOCK_FILE):
        held = lock_file(root / LOCK_FILE, wait=True)
    assert held is not None  # it waits
    with held:
        yield


@contextlib.contextmanager
def new_version(folder: Path) -> Iterator[Path]:
    """`new_folder`, in sight of those who clear up: what is being written is not taken for a leftover."""
    with (
        disk_errors(folder.name),
        lock_folder(folder.parent, wait=True, shared=True),
        new_folder(folder) as temporary,
    ):
        yield temporary


def clear_leftovers(root: Path) -> None:
    """Remove what processes that were killed had begun to write. Does nothing while somebody writes a version."""
    if not root.is_dir():
        return
    with registry_lock(root), lock_folder(root) as alone:
        if not alone:
            return
        for path in [path for pattern in LEFTOVERS for path in root.glob(pattern)]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _last_given(root: Path) -> int:
    file = root / NUMBER_FILE
    try:
        return int(file.read_text("ascii"))
    except (FileNotFoundError, NotADirectoryError):
        return 0  # of a home that no number was given out in yet; what cannot be written is told when it is
    except ValueError as exc:
        raise ModelError(
            f"{root.name}/{NUMBER_FILE} does not hold a number. Delete the file: numbers then go on from the highest "
            "version that is there."
        ) from exc
