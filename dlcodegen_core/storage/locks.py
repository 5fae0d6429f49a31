"""Locks between processes: held on a file until it is closed, and let go of by the system however a process ends."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO


def lock_file(path: Path, wait: bool = False, shared: bool = False) -> IO[bytes] | None:
    """Hold a lock on `path` until the returned file is closed; None if somebody else holds it and we do not wait.

    shared: beside others that share it, but not beside one that wants it alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        file.close()
        return None
    return file


@contextlib.contextmanager
def lock_folder(path: Path, wait: bool = False, shared: bool = False) -> Iterator[bool]:
    """Hold a lock on a folder itself, which needs no file in it; yields whether it is held.

    wait and shared: as of `lock_file`.
    """
    path.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
