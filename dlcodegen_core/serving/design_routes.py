"""The design document's own HTTP interface.

POST /api/dl-codegen/predict  {prompt, context, …} -> a prediction
POST /api/dl-codegen/train    {dataset, config, name, wait} -> {loss, accuracy, …}, or {job, …} with wait false
POST /predict                 {features, version or modelPath} -> {completion_idx, confidence, completion}
POST /train                   {features, labels or completions, …} or {dataset, config} -> {loss, accuracy, …}

Also why an answer is what it is, and the files that tasks have written.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from dlcodegen_core.errors import RequestError
from dlcodegen_core.inference.prediction import Prediction, PredictionRequest
from dlcodegen_core.plain_values import to_plain
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.serving import vectors_asked
from dlcodegen_core.serving.engine import Asked, Engine
from dlcodegen_core.serving.job_routes import JOBS, job_told, outcome_of
from dlcodegen_core.serving.requests_in import check_host, json_body
from dlcodegen_core.serving.speaking import json_reply, speaks
from dlcodegen_core.serving.training_asked import read_training, start_training
from dlcodegen_core.tasks.kinds import EXPORT, WRITE

PREDICT = "/api/dl-codegen/predict"
WRITTEN_FILES = "/api/dl-codegen/written"
PREDICT_OPTIONS = {
    "max_tokens", "beams", "stop", "version", "language", "temperature", "top_k", "top_p", "seed", "length_penalty",
    "suffix", "min_confidence",
}  # fmt: skip
WHO_ASKS = {"user", "client", "wait", "features"}
# A thousand vectors are some ten megabytes as JSON.
MAX_VECTORS_BYTES = 32_000_000
LONGEST_NAME = 200


def _error(_status: int, sentence: str) -> dict[str, Any]:
    return {"error": sentence}


@speaks(_error)
async def predict(request: Request) -> Response:
    """Complete a prompt. features: true brings the 544 numbers also where the model did not look at them."""
    body = await json_body(request)
    prompt, context = _question(body, PREDICT_OPTIONS | WHO_ASKS)
    user, client = (_text(body, name) for name in ("user", "client"))
    wait, features = (_flag(body, name) for name in ("wait", "features"))
    version = _text(body, "version") or None
    asked = Asked(PredictionRequest.of(prompt, context, **body), version, user, client, bool(wait))
    prediction = await Engine.get().complete(asked, request)
    return json_reply(await run_in_threadpool(_told, prediction, features))


@speaks(_error)
async def explain(request: Request) -> Response:
    """`{prompt, context, completion, …}` -> why the version answers so; see `AnswerExplanation`."""
    from dlcodegen_core.explainer import explain_answer

    body = await json_body(request)
    prompt, context = _question(body, PREDICT_OPTIONS | {"completion"})
    service = DLCodeGen.get_instance()
    found = await run_in_threadpool(lambda: explain_answer(service, prompt, context, **body))
    return JSONResponse(to_plain(found))


@speaks(_error)
async def train(request: Request) -> Response:
    """Train on a stored dataset or a path inside the home folder; with wait false, answer before it is done."""
    body = await json_body(request)
    wait = _flag(body, "wait")
    asked = read_training(body)
    return await _train_and_tell(await run_in_threadpool(start_training, DLCodeGen.get_instance(), asked), wait)


@speaks(_error)
async def train_vectors(request: Request) -> Response:
    """The same, or train on feature vectors."""
    body = await json_body(request, MAX_VECTORS_BYTES)
    service = DLCodeGen.get_instance()
    if isinstance(body.get("dataset"), str):
        asked = read_training({name: value for name, value in body.items() if name != "modelPath"})
        return await _train_and_tell(await run_in_threadpool(start_training, service, asked), True)
    vectors = await run_in_threadpool(vectors_asked.read_vectors, body, service.settings.home)
    return json_reply(await vectors_asked.train(service, vectors))


@speaks(_error)
async def predict_vector(request: Request) -> Response:
    """What follows a feature vector."""
    body = await json_body(request)
    return json_reply(await run_in_threadpool(vectors_asked.answer, DLCodeGen.get_instance(), body))


async def written_file(request: Request) -> Response:
    """The file that a task has written, streamed: a large dataset or model never lies in the server's memory."""
    try:
        check_host(request)
        state = DLCodeGen.get_instance().tasks.state(request.path_params["task"])
        if state is None or state.kind not in (WRITE, EXPORT) or state.result is None:
            raise RequestError("There is no such file, or it is a day old. Write it again on the page that offered it.")
    except RequestError as exc:
        return JSONResponse({"error": str(exc)}, status_code=404)
    path = Path(state.result["path"])
    return FileResponse(path, filename=f"{state.result['name']}{path.suffix}")


ROUTES = (
    Route(PREDICT, predict, methods=["POST"]),
    Route("/api/dl-codegen/train", train, methods=["POST"]),
    Route("/api/dl-codegen/explain", explain, methods=["POST"]),
    Route(f"{WRITTEN_FILES}/{{task}}", written_file),
    Route("/predict", predict_vector, methods=["POST"]),
    Route("/train", train_vectors, methods=["POST"]),
)


async def _train_and_tell(job: str, wait: bool | None) -> Response:
    """The metrics once they are there; where the caller does not wait, where to look for them."""
    service = DLCodeGen.get_instance()
    if wait is False:
        return json_reply(await run_in_threadpool(job_told, service, job), 202, {"Location": f"{JOBS}/{job}"})
    metrics = await outcome_of(service, job)
    return json_reply({**asdict(metrics), "job": job})


def _told(prediction: Prediction, features: bool | None) -> dict[str, Any]:
    """features: None tells them of a model that looks at them, where they cost nothing more."""
    if features is None:
        features = not DLCodeGen.get_instance().versions.card(prediction.version).is_sequence
    plain: dict[str, Any] = to_plain(prediction if features else prediction.fields_without_features)
    return plain


def _question(body: dict[str, Any], options: set[str]) -> tuple[Any, Any]:
    """Take prompt and context out of a body. Raises RequestError for anything that is no option."""
    if unknown := sorted(set(body) - options - {"prompt", "context"}):
        raise RequestError(f"Unknown options: {', '.join(unknown)}. Known: {', '.join(sorted(options))}.")
    return body.pop("prompt", None), body.pop("context", None) or []


def _text(body: dict[str, Any], name: str) -> str:
    """Take a name out of a body; empty if it is not there. Raises RequestError for anything else than one."""
    value = body.pop(name, None) or ""
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        raise RequestError(f"{name} is no text, or longer than {LONGEST_NAME} characters.")
    return value


def _flag(body: dict[str, Any], name: str) -> bool | None:
    """Take a yes or no out of a body; None if it is not there. Raises RequestError for anything else."""
    value = body.pop(name, None)
    if value is not None and not isinstance(value, bool):
        raise RequestError(f"{name} is neither true nor false.")
    return value
