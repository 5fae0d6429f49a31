"""Bounds on what an archive may unpack to, whatever its headers say: real bytes are counted as they come.

Source code shrinks to a tenth, a mixed project to a half. An archive may grow fifty times, a small one to 100 MB, and
none beyond 2 GB: a bomb, which grows a thousand times, ends early, and a real project never notices.
"""

import re
from collections.abc import Callable, Iterator
from typing import Protocol

from dlcodegen_core.data.intake.progress import Heartbeat
from dlcodegen_core.errors import DatasetError

MAX_GROWTH = 50
SMALL_BYTES = 100_000_000
MAX_UNPACKED_BYTES = 2_000_000_000
# Room for the longest path and its attributes; such a header is held in memory as a whole.
MAX_HEADER_BYTES = 32_000
_CHUNK = 1 << 18
# Python's reader of tar headers takes a time that grows with the square of such a run (CVE-2024-6232).
_MANY_DIGITS = re.compile(rb"[0-9]{40}")


def damaged(where: str, detail: str) -> DatasetError:
    return DatasetError(f"{where} is damaged: {detail}. Make or download the archive again.")


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def seek(self, offset: int, /) -> int: ...


class Budget:
    """How many bytes an archive of a size may still unpack to."""

    def __init__(self, archive_bytes: int, where: str) -> None:
        self._limit = min(MAX_UNPACKED_BYTES, max(SMALL_BYTES, MAX_GROWTH * archive_bytes))
        self._left, self._where = self._limit, where

    def spend(self, count: int) -> None:
        """Raise DatasetError once there are too many."""
        self._left -= count
        if self._left < 0:
            raise DatasetError(
                f"{self._where} unpacks to more than {self._limit // 10**6:,} MB, so it is not read. "
                "Unpack it, if you trust it, and give the folder."
            )


class ForwardStream:
    """A stream of unpacked bytes that a tar reader may go through once, forwards.

    While `in_header` is set, what is read is a header, which has to be short.
    """

    def __init__(self, file: Readable, budget: Budget | None, where: str, heartbeat: Heartbeat) -> None:
        self._file, self._budget, self._where, self._heartbeat = file, budget, where, heartbeat
        self._place = 0
        self.in_header = True
        self.last_read = b""

    def tell(self) -> int:
        return self._place

    def read(self, count: int) -> bytes:
        if self.in_header and count > MAX_HEADER_BYTES:
            raise damaged(self._where, f"it has a header of more than {MAX_HEADER_BYTES // 1000} kB")
        content = b"".join(self._chunks(count))
        if self.in_header:
            self.last_read = content
            if _MANY_DIGITS.search(content):
                raise damaged(self._where, "a header holds a number that is too long")
        return content

    def seek(self, place: int) -> None:
        if place < self._place:
            raise damaged(self._where, "its entries do not follow each other")
        if self._budget is None:
            self._file.seek(place)
            self._place = place
            self._heartbeat.still()
            return
        for _chunk in self._chunks(place - self._place):
            pass

    def copy(self, count: int, write: Callable[[bytes], object]) -> None:
        """Hand the next `count` bytes on, piece by piece. Raises DatasetError if they are not there."""
        for chunk in self._chunks(count):
            write(chunk)
            count -= len(chunk)
        if count:
            raise damaged(self._where, "it ends too early")

    def _chunks(self, count: int) -> Iterator[bytes]:
        while count > 0 and (chunk := self._file.read(min(count, _CHUNK))):
            count -= len(chunk)
            self._place += len(chunk)
            if self._budget:
                self._budget.spend(len(chunk))
            self._heartbeat.still()
            yield chunk
