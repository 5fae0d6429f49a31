"""The one file that holds the register, `registry.json`: replaced in one step, read again only when it has changed."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from dlcodegen_core.errors import ModelError
from dlcodegen_core.registry.register import Register
from dlcodegen_core.storage.files import write_json_atomically

FILE = "registry.json"
# Two changes within a tick of the file system's clock look alike; what is younger than this is looked at again.
TICK_NANOSECONDS = 50_000_000

Seen = tuple[int, int, int]


def is_settled(changed_ns: int) -> bool:
    """Whether a time stamp is old enough that any later change would show another one."""
    return time.time_ns() - changed_ns > TICK_NANOSECONDS


class RegisterFile:
    """Read by any number of threads. Writers hold the registry's lock."""

    def __init__(self, root: Path) -> None:
        self._path = root / FILE
        self._kept: tuple[Seen, Register] | None = None

    def read(self) -> Register:
        """What the file says now. Raises ModelError if it is damaged."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return Register()
        seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        kept = self._kept
        if kept is not None and kept[0] == seen:
            return kept[1]
        register = self._parsed()
        # If it was replaced since we looked, the new one has another time stamp, once ours is settled.
        self._kept = (seen, register) if is_settled(found.st_mtime_ns) else None
        return register

    def change(self, step: Callable[[Register], Register]) -> Register:
        """Write what `step` makes of the register, to be called with the registry's lock held. Raises StorageError."""
        before = self._parsed() if self._path.is_file() else Register()
        after = step(before)
        if after is not before:
            write_json_atomically(self._path, after.to_json())
        return after

    def _parsed(self) -> Register:
        try:
            return Register.from_json(json.loads(self._path.read_bytes()))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError, ModelError) as exc:
            raise ModelError(
                f"{self._path.parent.name}/{FILE} cannot be read ({exc}). Restore it from a backup, or delete it: the "
                "versions stay, but which is production, and all names, notes and tags, are then forgotten."
            ) from exc
