"""What lies in the trash: versions that were deleted, under their numbers, until they are brought back or purged."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from dlcodegen_core.errors import ModelError
from dlcodegen_core.models.saved_model import load_card
from dlcodegen_core.models.version_folders import TRASH, is_version_name, version_folders
from dlcodegen_core.registry.register import Register
from dlcodegen_core.storage.files import disk_errors, move


@dataclass(frozen=True, slots=True)
class TrashedVersion:
    """A version in the trash. name: as it was labelled. deleted_at: empty if it is not known."""

    version: str
    name: str
    deleted_at: str
    size_bytes: int


def trashed_versions(root: Path, register: Register) -> list[TrashedVersion]:
    """All of them, the newest version first."""
    return [
        TrashedVersion(path.name, _name(path, register), register.deleted_at.get(path.name, ""), size_of(path))
        for path in reversed(version_folders(root / TRASH))
    ]


def in_trash(root: Path, version: str) -> Path:
    """Where a deleted version lies. Raises ModelError if it does not lie in the trash."""
    folder = root / TRASH / version
    if not is_version_name(version) or not folder.is_dir():
        there = ", ".join(path.name for path in version_folders(root / TRASH)[-5:]) or "nothing"
        raise ModelError(f"There is no {version!r} in the trash. There is: {there}.")
    return folder


def take_out(root: Path, version: str) -> Path:
    """Move a version from the trash to a folder that is a leftover from now on, to be removed; return that folder."""
    folder = in_trash(root, version)
    with disk_errors(version):
        doomed = Path(tempfile.mkdtemp(prefix=f".{version}.", dir=folder.parent))
    move(folder, doomed / version)
    return doomed


def size_of(folder: Path) -> int:
    """All files of a version together, in bytes."""
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())


def _name(folder: Path, register: Register) -> str:
    written = register.labels.get(folder.name)
    if written is not None:
        return written.name
    try:
        return load_card(folder).name
    except ModelError:
        return ""  # a damaged version can be deleted too
