"""What a folder holds, wherever it lies: on a disk, in an archive or in an upload.

A tree is anything that lists its folders; it reads nothing before it is asked to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

MAX_ENTRIES = 100_000
MAX_FILE_BYTES = 1_000_000
TOO_LARGE = f"larger than {MAX_FILE_BYTES // 10**6} MB"
A_LINK = "a symbolic link, which is not followed"
A_HARD_LINK = "a hard link, which is not followed"
A_DEVICE = "a device or a pipe, not a file"

Read = Callable[[], bytes]


class Unreadable(Exception):
    """A file cannot be read; the message is the reason to skip it. Never leaves this package."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder. reason: why it is neither a file to open nor a folder to enter, else empty.

    read: the content of a file, at most MAX_FILE_BYTES of it; raises Unreadable.
    """

    name: str
    is_folder: bool = False
    reason: str = ""
    read: Read | None = None


class Tree(Protocol):
    def entries(self, folder: str) -> Sequence[Entry]:
        """What a folder holds, in any order. folder: empty for the top, else its path with a slash at its end.

        Raises Unreadable.
        """


def printable(name: str) -> str:
    """A file's name as text that can be written anywhere; names on disk may be any bytes."""
    return name.encode("utf-8", "replace").decode()
