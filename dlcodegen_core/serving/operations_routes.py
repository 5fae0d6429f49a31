"""HTTP routes for whoever runs the server.

GET /health   {"status": "ok"}: the process answers. Asks for no key, and says nothing more
GET /ready    200, or 503 and which part is not: the database, the model
GET /metrics  Prometheus' text format
"""

import asyncio
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dlcodegen_core.errors import EmbeddingError, WorkbenchError
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.serving import metrics
from dlcodegen_core.serving.requests_in import check_host
from dlcodegen_core.serving.speaking import json_reply, speaks

READY_SECONDS = 2.0  # of waiting for a part; loading a model takes longer, and then it is not ready


def _error(_status: int, sentence: str) -> dict[str, Any]:
    return {"error": sentence}


async def health(_request: Request) -> Response:
    """The process answers."""
    return json_reply({"status": "ok"})


@speaks(_error)
async def ready(request: Request) -> Response:
    """Whether a completion would be answered now. The sentences are ours alone: this asks for no key."""
    check_host(request)
    service = DLCodeGen.get_instance()
    parts = {"database": await _told(_database, service), "model": await _told(_model, service)}
    wrong = {part: told for part, told in parts.items() if told}
    return json_reply({"status": "not ready", **wrong} if wrong else {"status": "ready"}, 503 if wrong else 200)


@speaks(_error)
async def metrics_page(request: Request) -> Response:
    """The numbers of all workers."""
    check_host(request)
    page = await run_in_threadpool(metrics.page, DLCodeGen.get_instance())
    return Response(page, headers={"Content-Type": metrics.CONTENT_TYPE})


ROUTES = (
    Route("/health", health),
    Route("/ready", ready),
    Route("/metrics", metrics_page),
)


async def _told(part: Any, service: DLCodeGen) -> str:
    """What is wrong with a part; empty if nothing is."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            told: str = await asyncio.to_thread(part, service)
            return told
    except TimeoutError:
        return "It does not answer in time, or is still being loaded. Ask again in a moment."


def _database(service: DLCodeGen) -> str:
    try:
        service.datasets.infos()
    except WorkbenchError:
        return "The database cannot be opened. The log says why."
    return ""


def _model(service: DLCodeGen) -> str:
    try:
        version = service.versions.answering()
        if version is None:
            return "There is no model yet. Train one."
        service.predictor.model(version)
    except EmbeddingError:
        return "The embedder that the model needs is away. The log says why."
    except WorkbenchError:
        return "The model that should answer cannot be loaded. Promote another one."
    return ""
