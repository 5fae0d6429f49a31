"""HTTP routes of the core: health, and predictions as the design document has them.

Cross-site requests are kept out without cookies or tokens: only JSON bodies are read, which a foreign page cannot
send unasked, and the Host must be one of this machine's names, which a rebound DNS name is not.
"""

import json
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from dlcodegen_core.errors import EmbeddingError, ModelError, RequestError, WorkbenchError
from dlcodegen_core.plain_values import to_plain
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.tasks.kinds import WRITE

MAX_BODY_BYTES = 2_000_000
LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
WRITTEN_FILES = "/api/dl-codegen/written"
PREDICT_OPTIONS = {
    "max_tokens", "beams", "stop", "version", "language", "temperature", "top_k", "top_p", "seed", "length_penalty",
    "suffix", "min_confidence",
}  # fmt: skip


def routes() -> list[Route]:
    """The routes, for the workbench's own process or for a server without pages."""
    return [
        Route("/health", health),
        Route("/api/dl-codegen/predict", predict, methods=["POST"]),
        Route(f"{WRITTEN_FILES}/{{task}}", written_file),
    ]


async def health(_request: Request) -> Response:
    """Whether the process answers, and which version it would use."""
    try:
        version = DLCodeGen.get_instance().versions.resolve(None)
    except ModelError:
        version = None
    return JSONResponse({"status": "ok", "version": version})


async def predict(request: Request) -> Response:
    """`{prompt, context, …}` -> `{completion, confidence, features, candidates, latency_ms, cached, version}`."""
    try:
        body = await _json_body(request)
        unknown = sorted(set(body) - PREDICT_OPTIONS - {"prompt", "context"})
        if unknown:
            raise RequestError(f"Unknown options: {', '.join(unknown)}. Known: {', '.join(sorted(PREDICT_OPTIONS))}.")
        prompt, context = body.pop("prompt", None), body.pop("context", None) or []
        prediction = await run_in_threadpool(DLCodeGen.get_instance().predict, prompt, context, **body)
    except WorkbenchError as exc:
        return JSONResponse({"error": str(exc)}, status_code=_status(exc))
    return JSONResponse(to_plain(prediction))


async def written_file(request: Request) -> Response:
    """The file that a task has written, streamed: a large dataset never lies in the server's memory."""
    try:
        _check_host(request)
        state = DLCodeGen.get_instance().tasks.state(request.path_params["task"])
        if state is None or state.kind != WRITE or state.result is None:
            raise RequestError("There is no such file, or it is a day old. Write it again on the Dataset page.")
    except RequestError as exc:
        return JSONResponse({"error": str(exc)}, status_code=404)
    path = Path(state.result["path"])
    return FileResponse(path, filename=f"{state.result['name']}{path.suffix}")


def _check_host(request: Request) -> None:
    if request.url.hostname not in {host.strip("[]") for host in LOCAL_HOSTS}:
        raise RequestError(f"Requests to the host {request.url.hostname!r} are not answered. Use 127.0.0.1.")


async def _json_body(request: Request) -> dict[str, Any]:
    _check_host(request)
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise RequestError("Send the body as application/json.")
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            raise RequestError(f"The body is larger than {MAX_BODY_BYTES:,} bytes. Send less context.")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as exc:
        raise RequestError("The body is not JSON.") from exc
    if not isinstance(body, dict):
        raise RequestError('The body is not a JSON object. Send {"prompt": "…"}.')
    return body


def _status(exc: WorkbenchError) -> int:
    """The HTTP status of an error: the caller's fault, nothing trained yet, or a service that is away."""
    if isinstance(exc, RequestError):
        return 400
    return 404 if isinstance(exc, ModelError) else 503 if isinstance(exc, EmbeddingError) else 500
