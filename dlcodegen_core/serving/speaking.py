"""How replies are written: JSON that any client can read, streams that stop with their reader, errors in the protocol's
own shape.
"""

import functools
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from dlcodegen_core.errors import RequestError, WorkbenchError
from dlcodegen_core.serving.engine import CLIENT_GONE_STATUS, Busy, ClientGone
from dlcodegen_core.serving.requests_in import status_of

JSON_LINES = "application/x-ndjson"
EVENTS = "text/event-stream"

Handler = Callable[[Request], Awaitable[Response]]
ErrorShape = Callable[[int, str], dict[str, Any]]  # status and sentence -> the body that tells of it


class NotHere(RequestError):
    """What is asked for does not exist here; the status is 404."""


def to_json(value: Any) -> str:
    """One line, ASCII alone: many clients cut streams at every character that Unicode calls a line's end, and some
    look for `"content":"` without a blank. Half characters pass as the escapes that they are in JSON.
    """
    return json.dumps(value, separators=(",", ":"))


def json_reply(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(to_json(value), status, headers, media_type="application/json")


def event(value: Any) -> str:
    """One server-sent event."""
    return f"data: {to_json(value)}\n\n"


def line(value: Any) -> str:
    """One line of newline-delimited JSON."""
    return f"{to_json(value)}\n"


class Parts:
    """The parts of a stream. Its first one is awaited before the status line goes out, so that an error still finds
    it unsent; an error after that is the stream's last part.
    """

    def __init__(self, source: AsyncGenerator[str, None], told: Callable[[WorkbenchError], str]) -> None:
        """told: an error as a part."""
        self._source = source
        self._told = told
        self._first: str | None = None
        self._over = False

    async def start(self) -> None:
        self._first = await anext(self._source, None)

    def __aiter__(self) -> "Parts":
        return self

    async def __anext__(self) -> str:
        if self._first is not None:
            part, self._first = self._first, None
            return part
        if self._over:
            raise StopAsyncIteration
        try:
            return await anext(self._source)
        except ClientGone as exc:
            raise StopAsyncIteration from exc
        except WorkbenchError as exc:
            self._over = True
            return self._told(exc)

    async def aclose(self) -> None:
        await self._source.aclose()


class Streamed(StreamingResponse):
    """A stream whose source is closed at the end, however that comes: a reader that goes away stops the decoding."""

    def __init__(self, parts: Parts | AsyncGenerator[str, None], media_type: str) -> None:
        super().__init__(parts, media_type=media_type, headers={"Cache-Control": "no-cache"})
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._parts.aclose()


async def streamed(
    source: AsyncGenerator[str, None], media_type: str, told: Callable[[WorkbenchError], str]
) -> Response:
    """The reply that gives a source part by part. Raises what its first part does."""
    parts = Parts(source, told)
    await parts.start()
    return Streamed(parts, media_type)


def speaks(shape: ErrorShape) -> Callable[[Handler], Handler]:
    """A handler whose errors are told in a protocol's own shape."""

    def wrap(handler: Handler) -> Handler:
        @functools.wraps(handler)
        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except (ClientGone, ClientDisconnect):
                return Response(status_code=CLIENT_GONE_STATUS)
            except WorkbenchError as exc:
                return refusal(shape, exc)

        answer.error_shape = shape  # type: ignore[attr-defined]  # for the gate, which refuses on the handler's behalf
        return answer

    return wrap


def refusal(shape: ErrorShape, exc: WorkbenchError) -> Response:
    """The reply that tells of an error."""
    status = status_told(exc)
    headers = {"Retry-After": str(exc.retry_after_seconds)} if isinstance(exc, Busy) else None
    return json_reply(shape(status, str(exc)), status, headers)


def status_told(exc: WorkbenchError) -> int:
    """The status of an error. What is nobody's fault, such as a full disk or a full queue, may pass: 503."""
    if isinstance(exc, NotHere):
        return 404
    status = 503 if isinstance(exc, Busy) else status_of(exc)
    return 503 if status == 500 else status
