"""What every request must keep before it is read, and the status that tells of an error.

Cross-site requests are kept out without cookies or tokens: only JSON bodies are read, which a foreign page cannot
send unasked, and the Host must be one of this machine's names, which a rebound DNS name is not.
"""

import json
from typing import Any

from starlette.requests import Request

from dlcodegen_core.errors import EmbeddingError, ModelError, RequestError, WorkbenchError

MAX_BODY_BYTES = 2_000_000
PASSED = "dlcodegen.gate"  # in a request's scope: the gate has checked its host, by names that may be more than these
LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")


class BodyRefused(RequestError):
    """A body is too large, or comes too slowly. status: of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def check_host(request: Request) -> None:
    """Raises RequestError for a request to any other name than this machine's own, where no gate has looked at it."""
    if PASSED not in request.scope and request.url.hostname not in {host.strip("[]") for host in LOCAL_HOSTS}:
        raise RequestError(f"Requests to the host {request.url.hostname!r} are not answered. Use 127.0.0.1.")


async def json_body(request: Request, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """The body as a JSON object. Raises RequestError for another host, another type, too much or no object."""
    check_host(request)
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise RequestError("Send the body as application/json.")
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > max_bytes:
            raise BodyRefused(413, f"The body is larger than {max_bytes:,} bytes. Send less.")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as exc:
        raise RequestError("The body is not JSON.") from exc
    if not isinstance(body, dict):
        raise RequestError('The body is not a JSON object. Send {"prompt": "…"}.')
    return body


def status_of(exc: WorkbenchError) -> int:
    """The HTTP status of an error: the caller's fault, nothing trained yet, or a service that is away."""
    if isinstance(exc, BodyRefused):
        return exc.status
    if isinstance(exc, RequestError):
        return 400
    return 404 if isinstance(exc, ModelError) else 503 if isinstance(exc, EmbeddingError) else 500
