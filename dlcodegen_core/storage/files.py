"""The one place that writes files: whole or not at all, also when the power fails.

A file is written beside its target, flushed to the disk and renamed over it; a folder is filled under a
temporary name and renamed. Whoever reads sees the old content or the new, never a half.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlcodegen_core.errors import StorageError


@contextlib.contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Translate the operating system's refusal to write into a StorageError that names `what`."""
    try:
        yield
    except OSError as exc:
        raise StorageError(
            f"{what} could not be saved: {exc.strerror or exc}. "
            "Free some space or check the folder's permissions, then try again; nothing that was there is lost."
        ) from exc


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step, durably. Raises StorageError; the old file then stays."""
    with disk_errors(path.name):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def write_json_atomically(path: Path, value: Any) -> None:
    """Replace `path` by `value` as readable JSON. NaN and infinity are refused: they are not JSON."""
    write_atomically(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False).encode())


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes `target` when the block ends well, and vanishes when it does not.

    Raises StorageError if the disk refuses or `target` already exists.
    """
    with disk_errors(target.name):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            yield temporary
            flush_files(temporary)
            temporary.rename(target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        _sync_folder(target.parent)


def move(source: Path, target: Path) -> None:
    """Give a file or a folder another name, in one step and durably. Raises StorageError if `target` is in use."""
    with disk_errors(target.name):
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        _sync_folder(target.parent)
        if source.parent != target.parent:
            _sync_folder(source.parent)


def flush_files(folder: Path) -> None:
    """Have the files in a folder, however they were written, on the disk itself. Raises StorageError."""
    with disk_errors(folder.name):
        for file in folder.iterdir():
            _sync_file(file)
        _sync_folder(folder)


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
