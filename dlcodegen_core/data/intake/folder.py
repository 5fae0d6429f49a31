"""Reading a folder of this machine.

Symbolic links are never followed, so no loop is possible and nothing outside the folder is read.
"""

import errno
import os
import stat
from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from dlcodegen_core.data.intake.entries import (
    A_DEVICE,
    A_LINK,
    MAX_ENTRIES,
    MAX_FILE_BYTES,
    Entry,
    Unreadable,
    printable,
)
from dlcodegen_core.data.intake.file_rules import FileRules
from dlcodegen_core.data.intake.progress import Heartbeat, Progress
from dlcodegen_core.data.intake.reading import judge, read_found
from dlcodegen_core.data.intake.walk import walk
from dlcodegen_core.data.source_files import SourceReading
from dlcodegen_core.errors import DatasetError

# A link or a pipe put in a file's place after the folder was listed is neither followed nor waited for.
_AS_A_FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_folder(folder: Path, progress: Progress | None = None, rules: FileRules | None = None) -> SourceReading:
    """Read all source files under `folder`, each folder's own by name before those of its subfolders.

    progress hears (done, total) and may raise. Raises DatasetError if there is no such folder, it holds too many
    entries, or nothing in it can be used.
    """
    _check(folder)
    heartbeat, where = Heartbeat(progress), str(folder)
    walked = walk(_FolderTree(folder), rules or FileRules(), where, heartbeat)
    return read_found(walked, map(judge, walked.files), where, "Give a folder", heartbeat)


class _FolderTree:
    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)

    def entries(self, folder: str) -> Sequence[Entry]:
        path = os.path.join(self._folder, folder)  # noqa: PTH118  a path object for each file costs a third of the time
        try:
            with os.scandir(path) as found:
                return [self._entry(entry) for entry in islice(found, MAX_ENTRIES + 1)]
        except OSError as exc:
            raise Unreadable(f"it cannot be opened ({exc.strerror})") from exc

    @staticmethod
    def _entry(found: os.DirEntry[str]) -> Entry:
        if found.is_symlink():
            return Entry(found.name, reason=A_LINK)
        if found.is_dir(follow_symlinks=False):
            return Entry(found.name, is_folder=True)
        return Entry(found.name, read=partial(_read, found.path))


def _read(path: str) -> bytes:
    try:
        handle = os.open(path, _AS_A_FILE)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise Unreadable(A_DEVICE)
            return _at_most(handle, MAX_FILE_BYTES + 1)
        finally:
            os.close(handle)
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise Unreadable(A_LINK) from exc
        if exc.errno == errno.ENXIO:  # a socket
            raise Unreadable(A_DEVICE) from exc
        raise Unreadable(f"it cannot be read ({exc.strerror})") from exc


def _at_most(handle: int, size: int) -> bytes:
    parts = []
    while size and (part := os.read(handle, min(size, 1 << 16))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _check(folder: Path) -> None:
    """Raise DatasetError unless `folder` is a folder."""
    name = printable(str(folder))
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
