"""Reading archives in memory: zip, tar, and tar within gzip, bzip2 or xz. Archives inside of them are not opened.

What an archive claims is never believed: its kind is told by its first bytes, sizes are counted, paths are checked.
Only `extract_table` writes anything, and under a name of our own.
"""

import contextlib
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from dlcodegen_core.data.intake.entries import printable
from dlcodegen_core.data.intake.file_rules import FileRules
from dlcodegen_core.data.intake.file_tree import tree_of
from dlcodegen_core.data.intake.member_paths import inside_path
from dlcodegen_core.data.intake.progress import Heartbeat, Progress
from dlcodegen_core.data.intake.reading import judge, read_found
from dlcodegen_core.data.intake.tar_members import TarMembers
from dlcodegen_core.data.intake.unpacking import damaged
from dlcodegen_core.data.intake.walk import walk
from dlcodegen_core.data.intake.zip_members import ZipMembers
from dlcodegen_core.data.source_files import SourceReading
from dlcodegen_core.errors import DatasetError
from dlcodegen_core.storage.files import disk_errors

MAX_TABLE_BYTES = 200_000_000
TABLE_SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
_ZIPS = (b"PK\3\4", b"PK\5\6")
_TAR_MARK, _TAR_MARK_AT = b"ustar", 257
_KNOWN = "Give a zip file or a tar file (.tar, .tar.gz, .tar.bz2, .tar.xz)"
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,  # which is a RecursionError's family as well
)


def read_archive(
    path: Path, progress: Progress | None = None, rules: FileRules | None = None, name: str | None = None
) -> SourceReading:
    """Read all source files in an archive as if it were a folder, without the folder at its top that holds all.

    progress hears (done, total) and may raise. name: what errors call the archive, its file's name if None.
    Raises DatasetError if it is none, is damaged or built to do harm, or if nothing in it can be used.
    """
    where = name or path.name
    heartbeat = Heartbeat(progress)
    with _opened(path, where, heartbeat) as archive:
        tree = tree_of(archive.members(), where)
        walked = walk(tree, rules or FileRules(), where, heartbeat)
        walked.skipped[:0] = tree.refused
        judged = archive.judged(walked.files) if isinstance(archive, TarMembers) else map(judge, walked.files)
        return read_found(walked, judged, where, "Give an archive", heartbeat)


def tables_in_archive(path: Path, name: str | None = None) -> list[str]:
    """The members of an archive that are dataset tables by their suffix, by path. Raises DatasetError as above."""
    where = name or path.name
    with _opened(path, where, Heartbeat(None)) as archive:
        return sorted(member.path for member in archive.members() if not member.reason and is_table(member.path))


def extract_table(
    path: Path, member: str, into: Path, progress: Progress | None = None, name: str | None = None
) -> Path:
    """Copy one table of an archive, as `tables_in_archive` names it, into the folder `into`, as `table` and its suffix.

    Raises DatasetError if there is no such table or it has more than MAX_TABLE_BYTES, StorageError if the disk refuses.
    """
    where = name or path.name
    if not is_table(member):
        raise DatasetError(f"{where}: {member!r} is no table. Choose one of {', '.join(TABLE_SUFFIXES)}.")
    target = into / f"table{PurePosixPath(member).suffix.lower()}"
    with disk_errors(target.name):
        into.mkdir(parents=True, exist_ok=True)
        file = target.open("wb")
    try:
        with file, _opened(path, where, Heartbeat(progress)) as archive:
            whole = archive.copy(member, _Target(file, target.name).write, MAX_TABLE_BYTES)
    except KeyError as exc:
        target.unlink()
        raise DatasetError(f"{where} holds no {member!r}. Look at what it holds again.") from exc
    except BaseException:
        target.unlink()
        raise
    if not whole:
        target.unlink()
        raise DatasetError(f"{where}: {member} is larger than {MAX_TABLE_BYTES // 10**6} MB. Split it into several.")
    return target


def is_table(path: str) -> bool:
    """Whether a member is a dataset table by its suffix, at a place inside the archive."""
    inside, reason = inside_path(path)
    return not reason and PurePosixPath(inside).suffix.lower() in TABLE_SUFFIXES


@contextlib.contextmanager
def _opened(path: Path, where: str, heartbeat: Heartbeat) -> Iterator[ZipMembers | TarMembers]:
    """The archive of whichever kind it is. Whatever goes wrong with it in the block becomes a DatasetError."""
    with _open(path) as file, _damage_told(where, heartbeat):
        start = file.read(_TAR_MARK_AT + len(_TAR_MARK))
        if start.startswith(_ZIPS):
            yield ZipMembers(file, where, heartbeat)
        elif start.startswith(_COMPRESSED) or start[_TAR_MARK_AT:] == _TAR_MARK:
            yield TarMembers(file, where, heartbeat)
        else:
            raise DatasetError(f"{where} is no archive that can be read here. {_KNOWN}.")


def _open(path: Path) -> BinaryIO:
    """Open an archive's file. Raises DatasetError if it is none."""
    shown = printable(str(path))
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError as exc:
        raise DatasetError(f"{shown}: there is no such file. Check the path.") from exc
    except OSError as exc:
        raise DatasetError(f"{shown} cannot be opened: {exc.strerror}. Check the path and its permissions.") from exc
    except ValueError as exc:
        raise DatasetError(f"{shown!r} cannot be a path. Check it.") from exc
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise DatasetError(f"{shown} is not a file. {_KNOWN}.")
    return os.fdopen(handle, "rb")


class _Target:
    """The file to copy to; what goes wrong with it is not the archive's fault."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name

    def write(self, content: bytes) -> None:
        with disk_errors(self._name):
            self._file.write(content)
            self._file.flush()


@contextlib.contextmanager
def _damage_told(where: str, heartbeat: Heartbeat) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as exc:
        if exc is heartbeat.stopped_by:
            raise
        raise damaged(where, str(exc).rstrip(".") or type(exc).__name__) from exc
