"""What is answered where no route takes a request: the same kind of sentence as everywhere, as JSON."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dlcodegen_core.serving.speaking import json_reply


async def unrouted(request: Request, exc: Exception) -> Response:
    """A handler for Starlette's own HTTPException: no such address, or another method."""
    assert isinstance(exc, HTTPException)
    told = {
        HTTPStatus.NOT_FOUND: "There is nothing at this address. GET /docs/api lists what there is.",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.method[:20]} is not answered here. GET /docs/api lists what is.",
    }
    status = HTTPStatus(exc.status_code)
    return json_reply({"error": told.get(status, status.phrase)}, exc.status_code, dict(exc.headers or {}))


HANDLERS = {HTTPException: unrouted}
