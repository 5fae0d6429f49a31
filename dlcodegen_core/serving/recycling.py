"""A worker that makes room for a fresh one after so many requests: what has leaked by then goes with it.

It asks its clients for a moment to open their next connection elsewhere, so that none writes into a connection that
is just being closed. It stays while a training of its own runs, which would end with it.
"""

import asyncio
import random
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

JITTER = 0.2  # of the number, so that workers which began together do not end together
PARTING_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 5.0


class Recycling:
    """ASGI: counts the requests, and ends the process once there were enough."""

    def __init__(
        self,
        app: "ASGIApp",
        after: int,
        is_busy: Callable[[], bool],
        end: Callable[[], None] = lambda: signal.raise_signal(signal.SIGTERM),
        chance: Callable[[], float] = random.random,
        parting_seconds: float = PARTING_SECONDS,
        stop_accepting: Callable[[], None] = lambda: None,
    ) -> None:
        """after: about so many requests; 0 for never. is_busy: whether the process must not end now.

        end: asks the server to end well, finishing what is in flight. chance: from 0 to 1.
        stop_accepting: leaves new connections to others, from when this one parts from its clients.
        """
        self._app = app
        self._after = round(after * (1 + JITTER * (2 * chance() - 1))) if after else 0
        self._is_busy = is_busy
        self._end = end
        self._parting_seconds = parting_seconds
        self._stop_accepting = stop_accepting
        self._requests = 0
        self._parting: asyncio.Task[None] | None = None
        self.is_parting = False

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._requests += 1
        if self._after and self._requests >= self._after and self._parting is None:
            self._parting = asyncio.create_task(self._part())

        async def send_and_part(message: "Message") -> None:
            if self.is_parting and message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        await self._app(scope, receive, send_and_part)

    async def _part(self) -> None:
        while await asyncio.to_thread(self._is_busy):
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        self.is_parting = True
        self._stop_accepting()
        await asyncio.sleep(self._parting_seconds)
        self._end()
