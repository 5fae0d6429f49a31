"""HTTP routes for feedback: what became of a completion, what was left of it later, and forgetting it.

POST   /api/dl-codegen/feedback              {prompt, completion, outcome, version, …} -> {id}
POST   /api/dl-codegen/feedback/{id}/later   {text, seconds} -> {id, retention}
DELETE /api/dl-codegen/feedback/{id}         -> {forgotten, learned_by}
"""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dlcodegen_core.errors import DatasetError, FeedbackMissing, RequestError, WorkbenchError
from dlcodegen_core.feedback.learned import learned_by
from dlcodegen_core.feedback.records import HTTP, Feedback
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.serving.requests_in import check_host, json_body, status_of

FEEDBACK = "/api/dl-codegen/feedback"
NEEDED = ("prompt", "completion", "outcome", "version")
OPTIONS = ("correction", "context", "arm", "user", "latency_ms", "taught_by")


def feedback_routes() -> list[Route]:
    """The routes, to stand beside those of `routes`."""
    return [
        Route(FEEDBACK, record, methods=["POST"]),
        Route(f"{FEEDBACK}/{{id:int}}/later", later, methods=["POST"]),
        Route(f"{FEEDBACK}/{{id:int}}", forget, methods=["DELETE"]),
    ]


async def record(request: Request) -> Response:
    """Keep what became of a completion, and learn from it."""
    try:
        body = await json_body(request)
        _check_names(body, NEEDED, OPTIONS)
        given = {name: value for name, value in body.items() if value is not None or name in NEEDED}
        feedback = Feedback(**given, source=HTTP)
        event = await run_in_threadpool(DLCodeGen.get_instance().answers.tell, feedback)
    except WorkbenchError as exc:
        return _refused(exc)
    return JSONResponse({"id": event.id})


async def later(request: Request) -> Response:
    """Keep how much of a completion is still there."""
    try:
        body = await json_body(request)
        _check_names(body, ("text", "seconds"))
        store = DLCodeGen.get_instance().feedback
        event = await run_in_threadpool(store.note_later, request.path_params["id"], body["text"], body["seconds"])
    except WorkbenchError as exc:
        return _refused(exc)
    return JSONResponse({"id": event.id, "retention": event.retention})


async def forget(request: Request) -> Response:
    """Forget all that was said about the event's prompt, for good; the versions that learned it are named."""
    try:
        check_host(request)
        service = DLCodeGen.get_instance()
        gone = await run_in_threadpool(service.feedback.forget, request.path_params["id"])
        versions = await run_in_threadpool(lambda: learned_by(service.versions.all(), gone.fingerprints))
    except WorkbenchError as exc:
        return _refused(exc)
    return JSONResponse({"forgotten": list(gone.event_ids), "learned_by": versions})


def _check_names(body: dict[str, Any], needed: tuple[str, ...], options: tuple[str, ...] = ()) -> None:
    """Raises RequestError for what is missing and for what is not known."""
    if missing := [name for name in needed if name not in body]:
        raise RequestError(f"The body lacks {', '.join(missing)}. Needed: {', '.join(needed)}.")
    if unknown := sorted(set(body) - {*needed, *options}):
        raise RequestError(f"Unknown: {', '.join(unknown)}. Known: {', '.join((*needed, *options))}.")


def _refused(exc: WorkbenchError) -> Response:
    told = {FeedbackMissing: 404, DatasetError: 400}  # the latter of a text that can be no pair
    status = next((code for kind, code in told.items() if isinstance(exc, kind)), None)
    return JSONResponse({"error": str(exc)}, status_code=status or status_of(exc))
