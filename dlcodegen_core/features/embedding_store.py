"""Embeddings on disk, so that no text is embedded again after a restart.

One SQLite file of digests and vectors; it holds no text. A cache, not a record: if the disk refuses, embedding
goes on without it, and a damaged file is set aside and begun anew.
"""

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.features.layout import EMBEDDING

logger = logging.getLogger(__name__)

MAX_ROWS = 400_000  # about 700 MB; the oldest go first
LOOK_UP_AT_ONCE = 500


class EmbeddingStore:
    """Digest -> vector of 384 float32, shared by all threads and processes that open the same file."""

    def __init__(self, path: Path, max_rows: int = MAX_ROWS) -> None:
        self.path = path
        self._max_rows = max_rows
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def get(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """The vectors that are kept, by digest; the others are simply absent."""
        found: dict[bytes, NDArray[np.float32]] = {}
        with self._connected("read") as connection:
            for start in range(0, len(keys), LOOK_UP_AT_ONCE):
                some = keys[start : start + LOOK_UP_AT_ONCE]
                marks = ",".join("?" * len(some))
                rows = connection.execute(f"SELECT digest, vector FROM embeddings WHERE digest IN ({marks})", some)
                for digest, blob in rows:
                    if len(blob) == EMBEDDING.size * 4:
                        found[digest] = np.frombuffer(blob, np.float32)
        return found

    def put(self, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Keep the vectors, durably, in one transaction."""
        with self._connected("written") as connection, connection:
            connection.executemany(
                "INSERT OR IGNORE INTO embeddings (digest, vector) VALUES (?, ?)",
                [(digest, vector.astype(np.float32).tobytes()) for digest, vector in vectors.items()],
            )
            surplus = connection.execute("SELECT max(rowid) - min(rowid) + 1 FROM embeddings").fetchone()[0] or 0
            if surplus > self._max_rows:
                connection.execute(
                    "DELETE FROM embeddings WHERE rowid <= (SELECT max(rowid) FROM embeddings) - ?", (self._max_rows,)
                )

    def count(self) -> int:
        """How many vectors are kept."""
        with self._connected("read") as connection:
            return int(connection.execute("SELECT count(*) FROM embeddings").fetchone()[0])
        return 0

    def size_bytes(self) -> int:
        """What the file takes on disk."""
        with contextlib.suppress(OSError):
            return self.path.stat().st_size
        return 0

    def clear(self) -> None:
        """Forget all vectors."""
        with self._connected("cleared") as connection:
            with connection:
                connection.execute("DELETE FROM embeddings")
            connection.execute("VACUUM")

    def close(self) -> None:
        with self._lock:
            if self._connection:
                self._connection.close()
                self._connection = None

    @contextlib.contextmanager
    def _connected(self, verb: str) -> Iterator[sqlite3.Connection]:
        """The connection, one thread at a time. A failing disk is logged and ends the block, never the caller."""
        with self._lock:
            try:
                connection = self._connection = self._connection or self._open()
            except (sqlite3.Error, OSError) as exc:
                self._warn(verb, exc)
                connection = self._connect(":memory:")  # in which nothing is found, and what it takes is forgotten
            try:
                yield connection
            except (sqlite3.Error, OSError) as exc:
                self._warn(verb, exc)
                if isinstance(exc, sqlite3.DatabaseError) and "malformed" in str(exc) and self._connection:
                    self._connection.close()
                    self._connection = None
                    self._set_aside()
            finally:
                if connection is not self._connection:
                    connection.close()

    def _warn(self, verb: str, exc: Exception) -> None:
        logger.warning("The embedding cache %s could not be %s: %s", self.path.name, verb, exc)

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._connect(self.path)
        except sqlite3.OperationalError:
            raise  # busy, full or forbidden: the file itself may be sound
        except sqlite3.DatabaseError:
            self._set_aside()
            return self._connect(self.path)

    def _connect(self, path: Path | str) -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=10, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS embeddings "
                "(rowid INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL UNIQUE, vector BLOB NOT NULL)"
            )
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _set_aside(self) -> None:
        """Move a damaged file out of the way, with the journal that belongs to it."""
        logger.warning("The embedding cache %s is damaged; it is set aside and begun anew.", self.path.name)
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                damaged = self.path.with_name(self.path.name + suffix)
                damaged.replace(damaged.with_name(damaged.name + ".damaged"))
