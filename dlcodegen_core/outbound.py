"""Which machines this process connects to, and the switch that lets it connect to none but this one.

Python tells of every connection before it is made, whichever library makes it, and a refusal here stops it. What
connects without Python's sockets (git, PostgreSQL's client) asks `allow` first. It cannot see other native code that
connects on its own; the libraries that the workbench uses have none, or have it switched off.
"""

import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dlcodegen_core.config import Settings
from dlcodegen_core.errors import OfflineError

logger = logging.getLogger(__name__)

DESTINATIONS_KEPT = 200
JOURNAL_BYTES = 1_000_000
LOOK_UP = 0  # the port of a destination that was only looked up by its name
_THIS_MACHINE = ("", "localhost")


@dataclass(frozen=True, slots=True)
class Destination:
    """A place that was connected to. host: the name that was asked for, where it is known.

    port: LOOK_UP if only the name was asked for. is_here: on this machine. last_at: seconds since 1970.
    """

    host: str
    port: int
    is_here: bool
    connections: int
    refused: int
    last_at: float


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere that the settings let the workbench connect to. host is empty where a person names it each time."""

    title: str
    why: str
    host: str
    port: int

    @property
    def is_here(self) -> bool:
        return bool(self.host) and is_this_machine(self.host)

    def is_of(self, destination: Destination) -> bool:
        """Whether a connection to `destination` was one to here."""
        if not self.host or destination.port != self.port:
            return False
        return destination.host == self.host.strip("[]").lower() or (destination.is_here and self.is_here)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The first contact of another process of ours (a training, a task) with a place outside this machine."""

    host: str
    port: int
    refused: bool
    at: float
    program: str
    process: int


class Connections:
    """Thread-safe: what this process connected to since it began."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.offline = False
        self.journal: Path | None = None
        self._now = now
        self._lock = threading.RLock()  # writing the journal may be told of while it is held
        self._known: dict[tuple[str, int], Destination] = {}
        self._thread = threading.local()
        self.began_at = now()

    def destinations(self) -> list[Destination]:
        """The latest first."""
        with self._lock:
            return sorted(self._known.values(), key=lambda one: -one.last_at)

    def elsewhere(self) -> list[Elsewhere]:
        """What our other processes wrote down since this one began, the latest first."""
        if self.journal is None or not self.journal.is_file():
            return []
        found = []
        for line in self.journal.read_text("utf-8", "replace").splitlines():
            try:
                one = Elsewhere(**json.loads(line))
            except (ValueError, TypeError):
                continue  # half a line of a process that was killed
            if one.at >= self.began_at and one.process != os.getpid():
                found.append(one)
        return found[::-1]

    def contact(self, host: str, port: int) -> None:
        """A connection that is about to be made. Raises OfflineError if it must not be."""
        host = host.lower()
        here = is_this_machine(host)
        refused = self.offline and not here
        with self._lock:
            before = self._known.get((host, port))
            if before is None and len(self._known) >= DESTINATIONS_KEPT:
                oldest = min(self._known.values(), key=lambda one: one.last_at)
                del self._known[oldest.host, oldest.port]
            connections, refusals = (before.connections, before.refused) if before else (0, 0)
            self._known[host, port] = Destination(
                host, port, here, connections + (not refused), refusals + refused, self._now()
            )
        if before is None and not here:
            self._write_down(host, port, refused)
        if refused:
            raise OfflineError(
                f"The workbench is offline (DLCODEGEN_OFFLINE), so it does not connect to {shown(host, port)}. "
                "Start it without DLCODEGEN_OFFLINE to allow other machines."
            )

    def look_up(self, host: str, port: int) -> None:
        """A name that is about to be asked for, which a name server hears of. Raises OfflineError as `contact`."""
        if _is_address(host) or is_this_machine(host):
            return
        self.contact(host, LOOK_UP)
        self._thread.asked = host.lower(), port

    def named(self, host: str, port: int) -> str:
        """The name behind an address, if this thread has just looked one up for this port."""
        asked, asked_port = getattr(self._thread, "asked", ("", 0))
        return asked if asked and asked_port == port and not is_this_machine(host) else host

    def _write_down(self, host: str, port: int, refused: bool) -> None:
        """For the other processes of ours, and for whoever looks later; once a place and process."""
        if self.journal is None:
            return
        line = Elsewhere(host, port, refused, self._now(), Path(sys.argv[0] or "python").name, os.getpid())
        told = json.dumps({name: getattr(line, name) for name in Elsewhere.__slots__})
        try:
            self.journal.parent.mkdir(parents=True, exist_ok=True)
            if not self.journal.exists() or self.journal.stat().st_size < JOURNAL_BYTES:
                with self.journal.open("a", encoding="utf-8") as file:
                    file.write(f"{told}\n")
        except OSError as exc:
            logger.warning("A connection to %s could not be written down: %s", shown(host, port), exc)


_connections = Connections()
_hooked = False


def watch(settings: Settings) -> Connections:
    """Have every connection of this process told of from now on, and refused where the settings say so."""
    global _hooked
    _connections.offline = settings.offline
    _connections.journal = settings.home / "connections.jsonl"
    if not _hooked:
        _hooked = True
        sys.addaudithook(_hear)  # for the rest of the process: Python has no way to take one back
    return _connections


def allow(host: str, port: int) -> None:
    """Ask before something connects that Python does not tell of. Raises OfflineError if it must not."""
    _connections.contact(host, port)


def offline_reason(exc: BaseException | None) -> str:
    """What OfflineError said, if one is behind this error; else empty. Libraries wrap it in errors of their own."""
    while exc is not None:
        if isinstance(exc, OfflineError):
            return str(exc)
        exc = exc.__cause__ or exc.__context__
    return ""


def places(settings: Settings) -> list[Place]:
    """Everywhere that the workbench may connect to, by its settings. There is nothing else."""
    found = []
    if settings.embedder != "local":
        url = urlsplit(settings.ollama_host)
        port = url.port or (443 if url.scheme == "https" else 80)
        found.append(Place("Ollama", "to turn code into numbers", url.hostname or "", port))
    if settings.chroma_host:
        found.append(Place("Chroma", "to find similar prompts", settings.chroma_host, settings.chroma_port))
    if settings.redis_url.startswith("redis"):
        url = urlsplit(settings.redis_url)
        found.append(Place("Redis", "to share the prediction cache", url.hostname or "localhost", url.port or 6379))
    database = urlsplit(settings.database_url)
    if not database.scheme.startswith("sqlite"):
        found.append(Place("Database", "to store datasets", database.hostname or "localhost", database.port or 5432))
    return [*found, Place("Git servers", "to clone a repository whose address you type", "", 443)]


def is_this_machine(host: str) -> bool:
    """Whether a name or an address can only be this machine's."""
    name = host.strip("[]").lower().rstrip(".")
    if name in _THIS_MACHINE or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def shown(host: str, port: int) -> str:
    """A destination for people."""
    if port == LOOK_UP:
        return f"{host} (name look-up)"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _hear(event: str, args: tuple[Any, ...]) -> None:
    # Called for everything that Python tells of, thousands of times a second: first of all, out again.
    told = _HEARD.get(event)
    if told is not None:
        told(args)


def _connect(args: tuple[Any, ...]) -> None:
    address = args[1] if len(args) > 1 else None
    family = getattr(args[0], "family", None)
    if address is None or family in _WITHIN_THE_MACHINE or not isinstance(address, tuple):
        return
    host, port = str(address[0]), int(address[1]) if len(address) > 1 and isinstance(address[1], int) else 0
    _connections.contact(_connections.named(host, port), port)


def _look_up(args: tuple[Any, ...]) -> None:
    host, port = args[0], args[1] if len(args) > 1 else 0
    if host is not None:
        name = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host)
        _connections.look_up(name, int(port) if str(port).isdigit() else 0)


_WITHIN_THE_MACHINE = {getattr(socket, name) for name in ("AF_UNIX", "AF_NETLINK") if hasattr(socket, name)}
_HEARD: dict[str, Callable[[tuple[Any, ...]], None]] = {
    "socket.connect": _connect,
    "socket.sendto": _connect,
    "socket.sendmsg": _connect,
    "socket.getaddrinfo": _look_up,
    "socket.gethostbyname": _look_up,
}
