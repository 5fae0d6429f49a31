"""Trainings over HTTP. A job goes on when nobody listens: each request only looks at its folder.

POST /api/dl-codegen/jobs                {dataset, config, name} -> 202 {job, status, …}
GET  /api/dl-codegen/jobs                -> {jobs: […]}, the newest first
GET  /api/dl-codegen/jobs/{job}          -> {job, status, …}
GET  /api/dl-codegen/jobs/{job}/events   server-sent events from the first on, or from after Last-Event-ID
POST /api/dl-codegen/jobs/{job}/stop     keep what was learned so far
POST /api/dl-codegen/jobs/{job}/discard  keep nothing
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dlcodegen_core.errors import RequestError, TrainingCancelled, TrainingError
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.serving.requests_in import check_host, json_body
from dlcodegen_core.serving.speaking import EVENTS, NotHere, Streamed, json_reply, speaks
from dlcodegen_core.serving.training_asked import read_training, start_training
from dlcodegen_core.training.events import Event, Failed, Finished, TrainMetrics

JOBS = "/api/dl-codegen/jobs"
LOOK_SECONDS = 0.2
HEARTBEAT_SECONDS = 15.0
LISTED = 100
END_EVENT = "end"


def _error(_status: int, sentence: str) -> dict[str, Any]:
    return {"error": sentence}


@speaks(_error)
async def start(request: Request) -> Response:
    """Queue a training."""
    asked = read_training(await json_body(request))
    service = DLCodeGen.get_instance()
    job = await run_in_threadpool(start_training, service, asked)
    return json_reply(await run_in_threadpool(job_told, service, job), 202, {"Location": f"{JOBS}/{job}"})


@speaks(_error)
async def listed(request: Request) -> Response:
    """The latest jobs."""
    check_host(request)
    service = DLCodeGen.get_instance()
    return json_reply({"jobs": await run_in_threadpool(lambda: [_short(service, job) for job in _latest(service)])})


@speaks(_error)
async def one(request: Request) -> Response:
    """One job, with its result once there is one."""
    check_host(request)
    return json_reply(await run_in_threadpool(job_told, DLCodeGen.get_instance(), request.path_params["job"]))


@speaks(_error)
async def stop(request: Request) -> Response:
    """End a job and keep what it has learned."""
    return await _end(request, "stop")


@speaks(_error)
async def discard(request: Request) -> Response:
    """End a job and keep nothing of it."""
    return await _end(request, "discard")


@speaks(_error)
async def events(request: Request) -> Response:
    """What happened and happens, until the job's end."""
    check_host(request)
    service, job = DLCodeGen.get_instance(), request.path_params["job"]
    await run_in_threadpool(_check, service, job)
    given = request.headers.get("last-event-id", "").strip()
    if given and not (given.isascii() and given.isdigit() and len(given) < 10):
        raise RequestError("Last-Event-ID is no number that was sent as an id. Leave it out to hear everything.")
    return Streamed(_events(service, job, int(given) if given else 0), EVENTS)


ROUTES = (
    Route(JOBS, start, methods=["POST"]),
    Route(JOBS, listed, methods=["GET"]),
    Route(f"{JOBS}/{{job}}", one, methods=["GET"]),
    Route(f"{JOBS}/{{job}}/events", events, methods=["GET"]),
    Route(f"{JOBS}/{{job}}/stop", stop, methods=["POST"]),
    Route(f"{JOBS}/{{job}}/discard", discard, methods=["POST"]),
)


def job_told(service: DLCodeGen, job: str) -> dict[str, Any]:
    """A job for a reply: where it stands and where its events are; the result of one that is over. Raises NotHere."""
    _check(service, job)
    told = _short(service, job)
    for event in reversed(service.jobs.folder(job).events()):
        if isinstance(event, Finished):
            return {**told, "result": asdict(event.metrics)}
        if isinstance(event, Failed):
            return {**told, "error": event.message}
    return {**told, "error": last_words} if (last_words := service.jobs.last_words(job)) else told


async def outcome_of(service: DLCodeGen, job: str) -> TrainMetrics:
    """Wait for a job's end. Raises RequestError for one that failed, since it failed on what was sent, or was ended."""
    while not (await run_in_threadpool(service.jobs.status, job)).is_over:
        await asyncio.sleep(LOOK_SECONDS)
    try:
        return await run_in_threadpool(service.follow, job)
    except (TrainingError, TrainingCancelled) as exc:
        raise RequestError(str(exc)) from exc


async def _end(request: Request, wish: str) -> Response:
    check_host(request)
    service, job = DLCodeGen.get_instance(), request.path_params["job"]
    await run_in_threadpool(_check, service, job)
    await run_in_threadpool(service.jobs.stop if wish == "stop" else service.jobs.discard, job)
    return json_reply(await run_in_threadpool(job_told, service, job))


async def _events(service: DLCodeGen, job: str, heard: int) -> AsyncGenerator[str, None]:
    """Each event under its number as id; a comment while nothing happens; at last how the job ended."""
    spoke_at = time.monotonic()
    while True:
        # Asked for before the events, so that none comes between the last of them and the end.
        status = await run_in_threadpool(service.jobs.status, job)
        happened = await run_in_threadpool(service.jobs.folder(job).events)
        for number, event in enumerate(happened[heard:], start=heard + 1):
            yield _told(event, number)
            spoke_at = time.monotonic()
        heard = max(heard, len(happened))
        if status.is_over:
            yield f"event: {END_EVENT}\ndata: {json.dumps({'job': job, 'status': status.value})}\n\n"
            return
        if time.monotonic() - spoke_at >= HEARTBEAT_SECONDS:
            yield ": still at it\n\n"
            spoke_at = time.monotonic()
        await asyncio.sleep(LOOK_SECONDS)


def _told(event: Event, number: int) -> str:
    return f"id: {number}\nevent: {event.kind}\ndata: {json.dumps(asdict(event))}\n\n"


def _short(service: DLCodeGen, job: str) -> dict[str, Any]:
    request, status = service.jobs.folder(job).request, service.jobs.status(job)
    return {
        "job": job,
        "status": status.value,
        "dataset": request.dataset,
        "model": request.config.model,
        "name": request.name,
        "url": f"{JOBS}/{job}",
        "events_url": f"{JOBS}/{job}/events",
    }


def _latest(service: DLCodeGen) -> list[str]:
    return [folder.id for folder in service.jobs.jobs()[:LISTED] if (folder.path / "request.json").is_file()]


def _check(service: DLCodeGen, job: str) -> None:
    try:
        service.jobs.folder(job)
    except TrainingError as exc:
        raise NotHere(f"There is no training {job!r}.") from exc
