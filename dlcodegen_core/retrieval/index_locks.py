"""Who may build an index and who may read it, among all processes of this home folder.

Chroma within a process remembers what it has read: were one process to read while another adds, each would take the
other's additions for done and they would be lost. So a build begins when nobody reads, says so on the collection, and
from then on nobody does. Knows nothing of what is built.
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from dlcodegen_core.errors import RetrievalError
from dlcodegen_core.storage.files import disk_errors
from dlcodegen_core.storage.locks import lock_file

TRIES = 20  # somebody who only looks whether a build goes on holds its lock for an instant
TRY_EVERY_SECONDS = 0.05


class IndexLocks:
    """Locks in a folder. name: of the dataset, for messages; all raise StorageError if the disk refuses."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def building(self, key: str, name: str) -> Iterator[None]:
        """Hold the right to build an index. Raises RetrievalError if somebody else does."""
        held = None
        with disk_errors(f"The index of {name}"):
            for _try in range(TRIES):
                if (held := lock_file(self._of(key))) is not None:
                    break
                time.sleep(TRY_EVERY_SECONDS)
        if held is None:
            raise RetrievalError(
                f"{name}: its index is being built already, in another window or program. Wait for it."
            )
        with held:
            yield

    def is_building(self, key: str) -> bool:
        """Whether somebody is at work on an index."""
        path = self._of(key)
        if not path.exists():
            return False
        with disk_errors(path.name):
            held = lock_file(path, shared=True)
        if held is None:
            return True
        held.close()
        return False

    @contextlib.contextmanager
    def reading(self, name: str) -> Iterator[None]:
        """Keep those waiting who would begin a build, for the time of one look-up."""
        with self._access(name, shared=True):
            yield

    @contextlib.contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Wait until nobody reads, and keep readers waiting."""
        with self._access(name, shared=False):
            yield

    @contextlib.contextmanager
    def _access(self, name: str, shared: bool) -> Iterator[None]:
        with disk_errors(f"The index of {name}"):
            held = lock_file(self._folder / "reading.lock", wait=True, shared=shared)
        assert held is not None
        with held:
            yield

    def _of(self, key: str) -> Path:
        return self._folder / f"{key}.lock"
