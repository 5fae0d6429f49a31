"""The members of a zip file, each read in memory and within bounds when it is asked for."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

from dlcodegen_core.data.intake.entries import A_DEVICE, A_LINK, MAX_FILE_BYTES, TOO_LARGE, Unreadable
from dlcodegen_core.data.intake.file_tree import Member, check_count
from dlcodegen_core.data.intake.progress import Heartbeat
from dlcodegen_core.data.intake.unpacking import Budget, damaged
from dlcodegen_core.errors import DatasetError

_ENCRYPTED = 0x1
_CHUNK = 1 << 18
_ENTRY_HEADER = struct.Struct("<4s24xHHH12x")  # signature … lengths of name, extras and remark …
_END = struct.Struct("<4s6xHII2x")  # signature … number of entries, size and place of their list …
_FAR_END = struct.Struct("<4s28xQQQ")
_FAR_POINTER_BYTES = 20
_MAX_REMARK = 0xFFFF


class ZipMembers:
    """An open zip file. Raises DatasetError if it is damaged, too large or built like a bomb."""

    def __init__(self, file: BinaryIO, where: str, heartbeat: Heartbeat) -> None:
        self._where, self._heartbeat = where, heartbeat
        size = file.seek(0, 2)
        self._budget = Budget(size, where)
        _check_list(file, size, where)
        self._zip = zipfile.ZipFile(file)
        _check_overlap(self._zip.infolist(), where)

    def members(self) -> Iterator[Member]:
        for info in self._zip.infolist():
            self._heartbeat.still()
            if not info.is_dir():
                reason = _reason_to_refuse(info)
                read = None if reason else partial(self._read, info)
                yield Member(info.orig_filename, read, reason)

    def copy(self, path: str, write: Callable[[bytes], object], limit: int) -> bool:
        """Hand a member's content to `write`, unless that is larger than `limit`. Raises DatasetError, KeyError."""
        info = self._zip.getinfo(path)
        if reason := _reason_to_refuse(info) or _reason_not_to_unpack(info):
            raise DatasetError(f"{self._where}: {path} is {reason}. Pack it again, or give it by itself.")
        with self._zip.open(info) as member:
            while chunk := member.read(_CHUNK):
                self._budget.spend(len(chunk))
                self._heartbeat.still()
                limit -= len(chunk)
                if limit < 0:
                    return False
                write(chunk)
        return True

    def _read(self, info: zipfile.ZipInfo) -> bytes:
        if reason := _reason_not_to_unpack(info):
            raise Unreadable(reason)
        if info.file_size > MAX_FILE_BYTES:
            raise Unreadable(TOO_LARGE)
        try:
            with self._zip.open(info) as member:
                # one byte more than there should be, so that the checksum is looked at
                content = member.read(MAX_FILE_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, struct.error) as exc:
            raise Unreadable(f"damaged in the archive ({exc})") from exc
        self._budget.spend(len(content))
        return content


def _reason_to_refuse(info: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return A_LINK
    if kind not in (0, stat.S_IFREG):
        return A_DEVICE
    return ""


def _reason_not_to_unpack(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & _ENCRYPTED:
        return "encrypted (unpack the archive with its password and give the folder)"
    # the others cannot be unpacked a bounded piece at a time
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "packed in a way that is not read (pack it as an ordinary zip file)"
    return ""


def _check_list(file: BinaryIO, size: int, where: str) -> None:
    """Count the entries in the list at the end before anything is built of them; what the headers tell may be lies."""
    start = max(0, size - _MAX_REMARK - _END.size)
    file.seek(start)
    tail = file.read()
    found = len(tail) - _END.size
    if not tail[max(found, 0) :].startswith(b"PK\5\6"):  # a remark follows the end
        found = tail.rfind(b"PK\5\6")
    if found < 0 or len(tail) - found < _END.size:
        raise damaged(where, "the list of its files is missing, so it may have been cut off")
    end = start + found
    _, count, list_bytes, _ = _END.unpack_from(tail, found)
    # a longer form of the end stands before it if there are more than 65,535 files
    file.seek(max(0, end - _FAR_POINTER_BYTES - _FAR_END.size))
    far = file.read(_FAR_END.size)
    if len(far) == _FAR_END.size and far.startswith(b"PK\6\6") and file.read(4) == b"PK\6\7":
        _, count, list_bytes, _ = _FAR_END.unpack(far)
        end -= _FAR_POINTER_BYTES + _FAR_END.size
    check_count(count, where)
    place = end - list_bytes
    if place < 0:
        raise damaged(where, "the list of its files is longer than the file")
    listed = 0
    file.seek(place)
    while place < end:
        header = file.read(_ENTRY_HEADER.size)
        if len(header) < _ENTRY_HEADER.size or not header.startswith(b"PK\1\2"):
            raise damaged(where, "the list of its files cannot be read")
        place += _ENTRY_HEADER.size + sum(_ENTRY_HEADER.unpack(header)[1:])
        listed += 1
        check_count(listed, where)
        file.seek(place)


def _check_overlap(infos: list[zipfile.ZipInfo], where: str) -> None:
    """Files that share the same bytes make a small archive unpack to any size."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise DatasetError(f"{where} is built like a zip bomb: its files overlap. Nothing of it is read.")
        end = info.header_offset + 30 + len(info.orig_filename) + info.compress_size
