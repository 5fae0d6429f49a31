"""One request between server and application: its body is measured and timed, its reply noted and completed."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.routing import Route

from dlcodegen_core.config import ServingSettings
from dlcodegen_core.inference.live_requests import LiveRequest
from dlcodegen_core.serving.requests_in import BodyRefused

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send


class WatchedExchange:
    """Stands in for `receive` and `send` of one request."""

    def __init__(
        self,
        scope: "Scope",
        receive: "Receive",
        send: "Send",
        request: LiveRequest,
        settings: ServingSettings,
        now: Callable[[], float],
    ) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._request = request
        self._settings = settings
        self._now = now
        self._begun_at = now()
        self._body_is_whole = False
        self.begun = False

    def milliseconds(self) -> float:
        return (self._now() - self._begun_at) * 1000

    def check_length(self, headers: Headers) -> None:
        """Raises BodyRefused for a body that says itself that it is too large."""
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            raise BodyRefused(400, "Content-Length is no number.")
        if len(length) > 15 or int(length) > self._settings.max_body_bytes:
            raise self._too_large()

    async def receive(self) -> "Message":
        """The next piece of the body; afterwards, the client's going away. Raises BodyRefused."""
        if self._body_is_whole:
            return await self._receive()
        left = self._settings.body_seconds - (self._now() - self._begun_at)
        try:
            async with asyncio.timeout(max(0.0, left)):
                message = await self._receive()
        except TimeoutError as exc:
            raise BodyRefused(
                408, f"The body did not arrive within {self._settings.body_seconds:g} s. Send it again."
            ) from exc
        if message["type"] == "http.request":
            self._request.received_bytes += len(message.get("body", b""))
            self._body_is_whole = not message.get("more_body", False)
            if self._request.received_bytes > self._settings.max_body_bytes:
                raise self._too_large()
        return message

    async def send(self, message: "Message") -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            self._request.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self._request.id
            headers.setdefault("X-Content-Type-Options", "nosniff")
            origin = Headers(scope=self._scope).get("origin", "").lower()
            if self._settings.allowed_origins:
                headers.add_vary_header("Origin")
                if origin in self._settings.allowed_origins:
                    headers["Access-Control-Allow-Origin"] = origin
                    headers["Access-Control-Expose-Headers"] = "X-Request-ID, Retry-After, Location"
        elif message["type"] == "http.response.body":
            self._request.sent_bytes += len(message.get("body", b""))
        await self._send(message)

    async def refuse(
        self, status: int, sentence: str, route: "Route | None", headers: dict[str, str] | None = None
    ) -> None:
        """Turn the request away in the words of its own protocol, unless its reply has begun."""
        if self.begun:
            return
        self._request.error = sentence
        shape: Callable[[int, str], Any] = getattr(route and route.endpoint, "error_shape", _plain_error)
        await JSONResponse(shape(status, sentence), status, headers)(self._scope, self._receive, self.send)

    def _too_large(self) -> BodyRefused:
        return BodyRefused(413, f"The body is larger than {self._settings.max_body_bytes:,} bytes. Send less.")


def _plain_error(_status: int, sentence: str) -> dict[str, Any]:
    return {"error": sentence}
