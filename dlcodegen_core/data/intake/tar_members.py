"""The members of a tar file, plain or compressed, which can only be gone through from front to back.

Twice: once for the names and the .gitignore files, and, when it is known which files are wanted, once for those.
Nothing is written to the disk and no more than MAX_TOTAL_BYTES of text is kept, whatever the archive's order.
"""

import bz2
import contextlib
import gzip
import heapq
import lzma
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from dlcodegen_core.data.intake.entries import A_DEVICE, A_HARD_LINK, A_LINK, MAX_FILE_BYTES, TOO_LARGE, Unreadable
from dlcodegen_core.data.intake.file_tree import Member, check_count
from dlcodegen_core.data.intake.progress import Heartbeat
from dlcodegen_core.data.intake.reading import MAX_TOTAL_BYTES, Judgement, judge_content
from dlcodegen_core.data.intake.unpacking import Budget, ForwardStream, damaged
from dlcodegen_core.data.intake.walk import MAX_IGNORE_BYTES, FileFound
from dlcodegen_core.errors import DatasetError

MAX_LZMA_MEMORY = 512_000_000
_IGNORE_BYTES_IN_ALL = 10_000_000


class _Later:
    """A member's content, which is not known before the second time through."""

    def __init__(self, number: int, content: bytes | None = None) -> None:
        self.number, self._content = number, content

    def __call__(self) -> bytes:
        if self._content is None:
            raise Unreadable("too large")
        return self._content


class TarMembers:
    """A tar file. Raises DatasetError if it is damaged, too large or built like a bomb."""

    def __init__(self, file: BinaryIO, where: str, heartbeat: Heartbeat) -> None:
        self._file, self._where, self._heartbeat = file, where, heartbeat

    def members(self) -> Iterator[Member]:
        left = _IGNORE_BYTES_IN_ALL
        for number, info, stream in self._through():
            if info.isdir():
                continue
            reason = _reason_to_refuse(info)
            content = None
            if not reason and info.name.endswith(".gitignore") and info.size <= min(MAX_IGNORE_BYTES, left):
                content = stream.read(info.size)
                left -= info.size
            yield Member(info.name, None if reason else _Later(number, content), reason)

    def judged(self, files: Sequence[FileFound]) -> Iterator[Judgement]:
        """What the files hold, in their order, as far as they are taken before there is enough."""
        rank_of = {file.read.number: rank for rank, file in enumerate(files) if isinstance(file.read, _Later)}
        shelf = _Shelf()
        for number, info, stream in self._through():
            rank = rank_of.get(number)
            if rank is not None and shelf.has_room_for(rank):
                if info.size > MAX_FILE_BYTES:
                    shelf.put(rank, Judgement("", TOO_LARGE))
                else:
                    shelf.put(rank, judge_content(stream.read(info.size), files[rank].forced))
                self._heartbeat.beat(len(shelf), len(files))
        for rank in range(len(files)):
            yield shelf.take(rank)

    def copy(self, path: str, write: Callable[[bytes], object], limit: int) -> bool:
        """Hand a member's content to `write`, unless that is larger than `limit`. Raises DatasetError, KeyError."""
        for _number, info, stream in self._through():
            if info.name == path:
                if not info.isreg() or info.issparse():
                    raise DatasetError(f"{self._where}: {path} is not an ordinary file. Give it by itself.")
                if info.size > limit:
                    return False
                stream.copy(info.size, write)
                return True
        raise KeyError(path)

    def _through(self) -> Iterator[tuple[int, tarfile.TarInfo, ForwardStream]]:
        """Go through the archive once. What is read of a stream between two members is the member's content."""
        with _unpacked(self._file, self._where, self._heartbeat) as stream:
            tar = tarfile.TarFile(fileobj=stream, mode="r")  # type: ignore[arg-type]
            number = 0
            while (info := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # tarfile keeps them all, with their headers
                number += 1
                check_count(number, self._where)
                if info.isreg() and not info.issparse():
                    stream.seek(info.offset_data)
                stream.in_header = False
                yield number, info, stream
                stream.in_header = True
            if stream.last_read.strip(b"\0"):  # tarfile takes a broken header for the end
                raise damaged(self._where, "it holds an entry that cannot be read")


class _Shelf:
    """Judgements by their rank, the lowest ranks that make up MAX_TOTAL_BYTES of different texts and no more."""

    def __init__(self) -> None:
        self._kept: dict[int, Judgement] = {}
        self._times: Counter[bytes] = Counter()
        self._from_the_top: list[int] = []
        self._size = 0
        self._end: int | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def has_room_for(self, rank: int) -> bool:
        return self._end is None or rank < self._end

    def put(self, rank: int, judged: Judgement) -> None:
        self._kept[rank] = judged
        heapq.heappush(self._from_the_top, -rank)
        if judged.text:
            digest = judged.digest()
            self._times[digest] += 1
            self._size += len(judged.text.encode()) if self._times[digest] == 1 else 0
        while self._size > MAX_TOTAL_BYTES + MAX_FILE_BYTES:  # so much is enough even without the last one
            self._drop(-heapq.heappop(self._from_the_top))

    def take(self, rank: int) -> Judgement:
        return self._kept.pop(rank, None) or Judgement("", "it changed while the archive was read")

    def _drop(self, rank: int) -> None:
        self._end = rank
        judged = self._kept.pop(rank)
        if judged.text:
            digest = judged.digest()
            self._times[digest] -= 1
            self._size -= len(judged.text.encode()) if not self._times[digest] else 0


def _reason_to_refuse(info: tarfile.TarInfo) -> str:
    if info.issym():
        return A_LINK
    if info.islnk():
        return A_HARD_LINK
    if not info.isreg():
        return A_DEVICE
    if info.issparse():
        return "packed with its gaps left out (pack it with tar's usual settings)"
    return ""


@contextlib.contextmanager
def _unpacked(file: BinaryIO, where: str, heartbeat: Heartbeat) -> Iterator[ForwardStream]:
    """The bytes of a tar file, from its beginning, whichever way it is compressed."""
    size = file.seek(0, 2)
    file.seek(0)
    start = file.read(6)
    file.seek(0)
    if start.startswith(b"\x1f\x8b"):
        opened: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile = gzip.GzipFile(fileobj=file)
    elif start.startswith(b"BZh"):
        opened = bz2.BZ2File(file)
    elif start == b"\xfd7zXZ\0":
        # its header may ask for any amount of memory
        lzma.LZMADecompressor(memlimit=MAX_LZMA_MEMORY).decompress(file.read(1_000), 1)
        file.seek(0)
        opened = lzma.LZMAFile(file)  # noqa: SIM115  closed below
    else:
        yield ForwardStream(file, None, where, heartbeat)
        return
    with opened:
        yield ForwardStream(opened, Budget(size, where), where, heartbeat)
