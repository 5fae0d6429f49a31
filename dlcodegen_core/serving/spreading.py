"""Has clients of several workers spread anew once a worker was replaced.

A client keeps its connection, and so its worker. When a worker ends, its clients go to those that are left and would
stay there, while the fresh one has nothing to do. So a worker that begins leaves a sign, and the others ask each of
their clients once to open its next connection anew; that goes to whoever holds the fewest, see `SharedSocket`.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SIGN = "newest-worker"
WARM_SECONDS = 2.0  # until a worker has loaded its model
LOOK_SECONDS = 0.5
MOST_CLIENTS = 4096  # that are remembered, the latest

Client = tuple[str, int]


class Spreading:
    """ASGI: each connection that was there before another worker began is closed after one more answer."""

    def __init__(
        self,
        app: "ASGIApp",
        folder: Path,
        now: Callable[[], float] = time.time,
    ) -> None:
        """folder: that of all these workers. now: the clock that file times come from."""
        self._app = app
        self._sign = folder / SIGN
        self._now = now
        self._answered_for = 0.0
        self._looked_at = 0.0
        self._clients: OrderedDict[Client, None] = OrderedDict()
        self._to_part: set[Client] = set()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        async def send_first_word(message: "Message") -> None:
            if message["type"] == "lifespan.startup.complete":
                self._leave_sign()
            await send(message)

        async def send_and_part(message: "Message") -> None:
            if message["type"] == "http.response.start" and self._parts_from(scope.get("client")):
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        await self._app(scope, receive, send_and_part if scope["type"] == "http" else send_first_word)

    def _leave_sign(self) -> None:
        self._sign.parent.mkdir(parents=True, exist_ok=True)
        self._sign.touch()
        self._answered_for = self._latest_sign()

    def _latest_sign(self) -> float:
        try:
            return self._sign.stat().st_mtime
        except OSError:
            return 0.0

    def _parts_from(self, client: Client | None) -> bool:
        """Whether this client's connection was here before the newest worker, and is to be closed."""
        if client is None:
            return False
        now = self._now()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            latest = self._latest_sign()
            if latest > self._answered_for and now - latest >= WARM_SECONDS:
                self._answered_for = latest
                self._to_part = set(self._clients)  # those of an earlier time that never came back are forgotten
                self._clients.clear()
        if client in self._to_part:
            self._to_part.discard(client)
            return True
        self._clients[client] = None
        self._clients.move_to_end(client)
        if len(self._clients) > MOST_CLIENTS:
            self._clients.popitem(last=False)
        return False
