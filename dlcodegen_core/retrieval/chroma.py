"""Chroma as this program uses it: an embedded one in a folder, or a server; its errors in plain words.

The vectors are always our own: no embedding function is ever given to Chroma or taken from it. Knows nothing of
datasets.
"""

import contextlib
import itertools
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.errors import RetrievalError
from dlcodegen_core.storage.files import flush_files

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

STAMP, LABEL = "stamp", "label"
DATABASE_FILE = "chroma.sqlite3"
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 60.0
READ_AT_ONCE = 10_000
CHANGED_AT_ONCE = 1_000
# The closest so far that a search goes on from. Twice what Chroma takes: fewer are missed, for a millisecond more.
SEARCH_BREADTH = 200


class Chroma:
    """Opened on first use, and again after an error; thread-safe.

    host: of a server; without one, Chroma runs in this process and keeps its files in `folder`.
    Everything raises RetrievalError if Chroma cannot be reached, read or written.
    """

    def __init__(self, folder: Path, host: str = "", port: int = 8000) -> None:
        self._folder = folder
        self._host = host
        self._port = port
        self._lock = threading.Lock()
        self._opened: _Opened | None = None

    @property
    def is_embedded(self) -> bool:
        """Whether it runs in this process, and ends with it."""
        return not self._host

    @property
    def may_hold_something(self) -> bool:
        """False if nothing was ever kept here; tells it without waking Chroma."""
        return bool(self._host) or (self._folder / DATABASE_FILE).exists()

    def collection(self, name: str) -> "Collection | None":
        """A collection as it is now, also if another process has changed it; None if there is none."""
        found = self._find(name)
        if found is not None and self.is_embedded and found.is_outdated:
            # Chroma in a process keeps what it has read, and never learns of what another process has added.
            self.reopen()
            found = self._find(name)
        return found

    def create(self, name: str, metadata: Mapping[str, Any]) -> "Collection":
        """A new collection without a vector, to be compared by their cosine."""
        opened = self._open()
        with self.errors():
            made = opened.client.create_collection(
                name,
                metadata=dict(metadata),
                embedding_function=None,
                configuration={"hnsw": {"space": "cosine", "ef_search": SEARCH_BREADTH}},
            )
        return Collection(self, opened, made)

    def remove(self, name: str) -> None:
        """Remove a collection; there must be one."""
        opened = self._open()
        with self.errors():
            opened.client.delete_collection(name)

    def metadata_of(self, beginning: str) -> list[Mapping[str, Any]]:
        """What is written on each collection whose name begins so."""
        opened = self._open()
        with self.errors():
            found = opened.client.list_collections()
            return [one.metadata or {} for one in found if one.name.startswith(beginning)]

    def flush(self) -> None:
        """Have the files of an embedded Chroma on the disk itself, should the power fail."""
        if self.is_embedded:
            for path in self._folder.glob("*/"):
                flush_files(path)

    def reopen(self) -> None:
        """Forget what was read; it is read anew when it is needed."""
        with self._lock:
            self._opened = None

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Translate whatever Chroma raises, and open it anew the next time."""
        try:
            yield
        except BaseException as exc:
            # A panic of its native half is no Exception.
            if not isinstance(exc, Exception) and type(exc).__name__ != "PanicException":
                raise
            self.reopen()
            raise RetrievalError(self._told(exc)) from exc

    def _find(self, name: str) -> "Collection | None":
        from chromadb.errors import NotFoundError

        opened = self._open()
        with self.errors():
            try:
                found = opened.client.get_collection(name, embedding_function=None)
            except NotFoundError:
                return None
        return Collection(self, opened, found)

    def _open(self) -> "_Opened":
        with self._lock:
            opened = self._opened
        if opened is None:
            with self.errors():
                opened = _open_server(self._host, self._port) if self._host else _open_folder(self._folder)
            with self._lock:
                self._opened = opened
        return opened

    def _told(self, exc: BaseException) -> str:
        reason = " ".join(str(exc).split())[:200] or type(exc).__name__
        if self._host:
            return (
                f"ChromaDB at {self._host}:{self._port} did not do what it was asked ({reason}). Start it there, or "
                "unset CHROMA_HOST to keep the index in the home folder; predictions do without it."
            )
        if "full" in reason or "No space" in reason:
            return f"The index could not be saved ({reason}). Free some space and build it again."
        return (
            f"The index in the folder {self._folder.name} of the home folder cannot be used ({reason}). Try again; if "
            "it stays, remove that folder and build the index anew: all in it can be made again."
        )


class Collection:
    """The vectors of one collection, each under a key and with a text written on it."""

    def __init__(self, chroma: Chroma, opened: "_Opened", found: Any) -> None:
        self._chroma = chroma
        self._opened = opened
        self._found = found
        # Chroma builds the embedding function that is named there whenever something is added, so whoever can write
        # to a server could have a model loaded here.
        found._model.serialized_schema = None

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What was written on it when it was looked up, or by us since."""
        return self._found.metadata or {}

    @property
    def is_outdated(self) -> bool:
        """Whether it has another stamp than when its vectors were read."""
        return self._opened.stamps.get(self._found.name, self._stamp) != self._stamp

    def write(self, metadata: Mapping[str, Any]) -> None:
        """Replace what is written on it."""
        with self._chroma.errors():
            self._found.modify(metadata=dict(metadata))
        self._remember()

    def labels(self) -> dict[str, str]:
        """What is written on each vector, by its key."""
        labels: dict[str, str] = {}
        with self._chroma.errors():
            while (found := self._found.get(include=["metadatas"], limit=READ_AT_ONCE, offset=len(labels)))["ids"]:
                written = (metadata[LABEL] for metadata in found["metadatas"])
                labels.update(zip(found["ids"], written, strict=True))
        return labels

    def add(self, labels: Mapping[str, str], vectors: NDArray[np.float32]) -> None:
        """Add vectors, shape (len(labels), dimensions), each with its key and what to write on it."""
        with self._chroma.errors():
            self._found.add(ids=list(labels), embeddings=vectors, metadatas=[{LABEL: one} for one in labels.values()])

    def relabel(self, labels: Mapping[str, str]) -> None:
        """Write something else on vectors that are there."""
        with self._chroma.errors():
            for some in _some(labels):
                self._found.update(ids=some, metadatas=[{LABEL: labels[key]} for key in some])

    def delete(self, keys: Iterable[str]) -> None:
        with self._chroma.errors():
            for some in _some(keys):
                self._found.delete(ids=some)

    def nearest(self, vector: NDArray[np.float32], count: int) -> list[tuple[str, float]]:
        """What is written on at most `count` vectors, and their cosines with this one, the highest first."""
        self._remember()
        with self._chroma.errors():
            found = self._found.query(
                query_embeddings=vector[None], n_results=count, include=["metadatas", "distances"]
            )
            written = (metadata[LABEL] for metadata in found["metadatas"][0])
            return [(label, 1.0 - far) for label, far in zip(written, found["distances"][0], strict=True)]

    def settle(self) -> None:
        """Have all that was added and deleted in Chroma's files, and those on the disk itself."""
        with self._chroma.errors():
            self._found.count()  # answered once all is taken in
        self._chroma.flush()

    @property
    def _stamp(self) -> Any:
        return self.metadata.get(STAMP)

    def _remember(self) -> None:
        self._opened.stamps[self._found.name] = self._stamp


def _some(keys: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(keys)
    while some := list(itertools.islice(remaining, CHANGED_AT_ONCE)):
        yield some


class _Opened:
    """A client, and by collection the stamp that it had when its vectors were first read through it.

    It is closed once nobody uses it any more: another thread may, while it is opened anew.
    """

    def __init__(self, client: "ClientAPI", close: Callable[[], None] | None = None) -> None:
        self.client = client
        self.stamps: dict[str, Any] = {}
        if close is not None:
            weakref.finalize(self, close)


def _open_folder(folder: Path) -> _Opened:
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient

    folder.mkdir(parents=True, exist_ok=True)
    # Chroma would hand out the client that it has for this folder, with all that it remembers.
    SharedSystemClient.clear_system_cache()
    return _Opened(chromadb.PersistentClient(folder, settings=_settings()))


def _open_server(host: str, port: int) -> _Opened:
    import chromadb
    import httpx

    # Chroma's own client waits for ever, so whether anybody answers is asked first.
    httpx.get(f"http://{host}:{port}/api/v2/heartbeat", timeout=CONNECT_SECONDS).raise_for_status()
    client: Any = chromadb.HttpClient(host, port, settings=_settings())
    # Two connections, to which there is no public way, and which Chroma leaves open.
    sessions = [one._server._session for one in (client, client._admin_client)]
    for session in sessions:
        session.timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)

    def close() -> None:
        for session in sessions:
            session.close()
        client.close()

    return _Opened(client, close)


def _settings() -> Any:
    """Chroma's settings, whatever its variables or a `.env` file say: it must not call anybody, nor take a host."""
    from chromadb.config import Settings

    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # of pydantic, which reads the file unless it is told not to
        anonymized_telemetry=False,
        chroma_otel_collection_endpoint="",
        chroma_server_host=None,
        chroma_server_http_port=None,
        chroma_api_impl="chromadb.api.rust.RustBindingsAPI",
    )
