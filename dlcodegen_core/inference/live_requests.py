"""The requests at work and the latest that are over: who asked, how it went, and, if a person wishes, the texts.

Texts are kept only while the switch is on, in memory, and go when it is switched off. The switch is off until somebody
turns it, and stays as it was left. Knows no protocol: whoever takes a request in opens it here.
"""

import contextlib
import json
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from dlcodegen_core.storage.files import write_json_atomically

REQUESTS_KEPT = 200
TEXTS_KEPT = 100
TEXT_CHARACTERS = 20_000
THE_PAGES = "pages"

_current: ContextVar["LiveRequest | None"] = ContextVar("current_request", default=None)


@dataclass(slots=True, eq=False)
class LiveRequest:
    """One request, filled in while it is answered. One that holds several prompts has the sum of their tokens and the
    stages of the last.

    who: the name of a key, or the address, or THE_PAGES. way: what was asked, such as a method and a path. at: seconds
    since 1970. status: of HTTP; 0 while it is at work. cached: None where nothing was completed.
    """

    id: str
    who: str
    way: str
    at: float
    status: int = 0
    total_ms: float = 0.0
    received_bytes: int = 0
    sent_bytes: int = 0
    version: str = ""
    cached: bool | None = None
    tokens: int = 0
    answers: int = 0
    latency_ms: Mapping[str, float] = field(default_factory=dict)
    error: str = ""

    @property
    def failed(self) -> bool:
        return self.status >= 400


@dataclass(frozen=True, slots=True)
class RequestTexts:
    """What was asked and answered. id: of its request."""

    id: str
    at: float
    prompt: str
    reply: str


class LiveRequests:
    """Thread-safe."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._at_work: dict[int, LiveRequest] = {}
        self._over: deque[LiveRequest] = deque(maxlen=REQUESTS_KEPT)
        self._texts: deque[RequestTexts] = deque(maxlen=TEXTS_KEPT)
        self._remembers: bool | None = None
        self.failures = 0  # since the process began
        self.requests = 0

    @contextlib.contextmanager
    def open(self, who: str, way: str, identity: str = "", kept: bool = True) -> Iterator[LiveRequest]:
        """A request for the length of a block; what is answered within it is noted on it. kept: also afterwards."""
        request = LiveRequest(identity or uuid.uuid4().hex, who, way, self._now())
        begun = time.perf_counter()
        with self._lock:
            self._at_work[id(request)] = request
        token = _current.set(request)
        try:
            yield request
        finally:
            _current.reset(token)
            request.total_ms = (time.perf_counter() - begun) * 1000
            self._close(request, kept)

    def note_answer(
        self, version: str, cached: bool, tokens: int, latency_ms: Mapping[str, float], prompt: str, reply: str
    ) -> None:
        """An answer that was given: to the request that is open around it, or else to a page."""
        request = _current.get()
        own = request is None
        if request is None:
            request = LiveRequest(uuid.uuid4().hex, THE_PAGES, "completion", self._now(), 200)
            request.total_ms = sum(latency_ms.values())
        request.version, request.cached, request.latency_ms = version, cached, latency_ms
        request.tokens += tokens
        request.answers += 1
        with self._lock:
            if self._remembers:
                texts = RequestTexts(request.id, self._now(), prompt[-TEXT_CHARACTERS:], reply[:TEXT_CHARACTERS])
                self._texts.append(texts)
        if own:
            self._close(request)

    def note_failure(self, sentence: str) -> None:
        """A completion that could not be given: kept with the request that is open around it, or as a page's."""
        request = _current.get()
        if request is not None:
            request.error = sentence
            return
        self._close(LiveRequest(uuid.uuid4().hex, THE_PAGES, "completion", self._now(), 400, error=sentence))

    def at_work(self) -> list[LiveRequest]:
        """Those that are not over, the oldest first."""
        with self._lock:
            return list(self._at_work.values())

    @property
    def at_work_count(self) -> int:
        return len(self._at_work)

    def latest(self) -> list[LiveRequest]:
        """Those that are over, the latest first."""
        with self._lock:
            return list(self._over)[::-1]

    def texts(self, identity: str) -> list[RequestTexts]:
        """What was asked and answered in one request, as far as it is kept."""
        with self._lock:
            return [one for one in self._texts if one.id == identity]

    @property
    def remembers(self) -> bool:
        """Whether texts are kept."""
        return bool(self._remembers)

    @property
    def remembers_is_known(self) -> bool:
        """Whether anybody has said yet if texts are to be kept."""
        return self._remembers is not None

    def remember(self, texts: bool) -> None:
        """Keep texts from now on, or forget all of them and keep none."""
        with self._lock:
            self._remembers = texts
            if not texts:
                self._texts.clear()

    def _close(self, request: LiveRequest, kept: bool = True) -> None:
        with self._lock:
            self._at_work.pop(id(request), None)
            if not kept:
                return
            self._over.append(request)
            self.requests += 1
            self.failures += request.failed


class TextSwitch:
    """Whether texts of requests are kept, as it was left in the home folder; no until somebody said yes."""

    def __init__(self, home: Path) -> None:
        self._file = home / "inspector.json"

    def read(self) -> bool:
        try:
            kept = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return False  # unread is unasked: keep nothing
        return isinstance(kept, dict) and kept.get("keep_texts") is True

    def write(self, keep: bool) -> None:
        """Raises StorageError."""
        write_json_atomically(self._file, {"keep_texts": keep})


def current_request() -> LiveRequest | None:
    """The request around this very call."""
    return _current.get()
