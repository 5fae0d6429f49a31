"""A listening socket that several processes share, and of which none takes much more than its part.

All of them are woken by a connection, and an event loop that is woken goes on to accept all that wait. So of clients
that come together one process would get every one, and keep them for as long as they keep their connections. Here each
wake-up takes one, and whoever holds connections already lets the others go first.
"""

import socket
import time
from collections.abc import Callable
from multiprocessing.reduction import DupFd
from typing import Any
from weakref import WeakSet

# For each connection that is held; long enough for another process to be woken, too short to be felt by a client.
LET_OTHERS_SECONDS = 0.001
LONGEST_SECONDS = 0.005


class SharedSocket(socket.socket):
    """For asyncio's own event loop; others accept by the number of the file, past this class.

    is_leaving: this process accepts nothing more, and leaves what waits to the others. One that ends would reset a
    connection that it has accepted and not heard of yet.
    """

    is_leaving = False

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:
        super().__init__(family, type, proto, fileno)
        self._took_one = False
        self._held: WeakSet[socket.socket] = WeakSet()

    @classmethod
    def of(cls, listening: socket.socket) -> "SharedSocket":
        """Takes the socket over."""
        return cls(listening.family, listening.type, listening.proto, listening.detach())

    def accept(self) -> tuple[socket.socket, Any]:
        """One connection; the next call says that there is none, which ends the loop's turn."""
        if self._took_one:
            self._took_one = False
            raise BlockingIOError
        if SharedSocket.is_leaving:
            time.sleep(LONGEST_SECONDS)
            raise BlockingIOError
        time.sleep(min(LONGEST_SECONDS, LET_OTHERS_SECONDS * len(self._held)))
        connection, address = super().accept()
        # asyncio sets this only where a socket names TCP as its protocol, which one bound by uvicorn does not. Without
        # it the end of an answer waits for the client to acknowledge its beginning: 40 ms.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._took_one = True
        self._held.add(connection)
        return connection, address

    @classmethod
    def leave(cls) -> None:
        """Accept nothing more in this process."""
        SharedSocket.is_leaving = True

    def __reduce__(self) -> tuple[Callable[..., "SharedSocket"], tuple[Any, ...]]:
        """To a process that is just being started."""
        return _received, (self.family, self.type, self.proto, DupFd(self.fileno()))


def _received(family: int, kind: int, protocol: int, number: Any) -> SharedSocket:
    return SharedSocket(family, kind, protocol, number.detach())
