"""Ollama's protocol: generate, vectors, and what there is.

POST /api/generate     newline-delimited JSON unless `stream` is false
POST /api/embed        and the older /api/embeddings: vectors of the embedder at hand
GET  /api/tags         every name that is answered to
GET  /api/ps           what is in memory
GET  /api/version
POST /api/show
POST /api/chat         told that there is no chat here

A name that is not listed is not found, as it is with Ollama. What a body may hold is in `wire.ollama`.
"""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dlcodegen_core.errors import ModelError, WorkbenchError
from dlcodegen_core.inference.prediction import Candidate, Prediction
from dlcodegen_core.latency import LatencyClock
from dlcodegen_core.models.saved_model import WEIGHTS_FILE, files_of
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.serving import completing
from dlcodegen_core.serving.embedding import embed_texts, embedder_name, words_and_signs
from dlcodegen_core.serving.model_names import LATEST, OURS, named_models, version_named
from dlcodegen_core.serving.requests_in import check_host, json_body
from dlcodegen_core.serving.speaking import JSON_LINES, NotHere, json_reply, line, speaks, status_told, streamed
from dlcodegen_core.serving.token_counts import prompt_tokens
from dlcodegen_core.serving.wire import ollama
from dlcodegen_core.serving.wire.counting import Spent, finish_reason, written_tokens
from dlcodegen_core.serving.wire.fields import Fields

KEPT = timedelta(days=365)  # models stay in memory; a client wants to see a date


@speaks(ollama.error)
async def generate(request: Request) -> Response:
    """Complete a prompt; an empty one has the model got ready."""
    wish = ollama.read_generate(await json_body(request))
    service = DLCodeGen.get_instance()
    version = version_named(service.versions, wish.model)
    call = _Call(wish, version, request)
    return await streamed(call.lines(), JSON_LINES, _told) if wish.stream else await call.whole()


@dataclass(slots=True)
class _Call:
    """One call of /api/generate. version: None for whichever answers now."""

    wish: ollama.GenerateWish
    version: str | None
    http: Request
    clock: LatencyClock = field(default_factory=LatencyClock)

    async def whole(self) -> Response:
        if self.wish.request is None:
            return json_reply(await self._nothing())
        asked = completing.asked_by(self.http, self.wish.request, self.version)
        prediction = await completing.complete(asked, self.http)
        return json_reply(await self._last(prediction.completion, prediction))

    async def lines(self) -> AsyncGenerator[str, None]:
        if self.wish.request is None:
            yield line(await self._nothing())
            return
        asked = completing.asked_by(self.http, self.wish.request, self.version)
        async with contextlib.aclosing(await completing.stream(asked, self.http)) as stream:
            async for piece in stream:
                yield line(ollama.part(self.wish.model, piece, _now()))
        assert stream.prediction is not None  # the pieces have ended
        yield line(await self._last("", stream.prediction))

    async def _nothing(self) -> dict[str, object]:
        service = DLCodeGen.get_instance()
        version = service.versions.resolve(self.version)
        await run_in_threadpool(service.predictor.model, version)
        done = ollama.Done("load" if self.wish.loading else "stop", self._total_ms())
        return ollama.reply(self.wish.model, "", _now(), done, version)

    async def _last(self, text: str, prediction: Prediction) -> dict[str, object]:
        assert self.wish.request is not None
        request, version = self.wish.request, prediction.version
        read = await run_in_threadpool(prompt_tokens, DLCodeGen.get_instance(), version, request)
        best = prediction.candidates[0] if prediction.candidates else Candidate("", 0.0)
        reason = finish_reason(prediction, best, request.max_tokens)
        spent = Spent.of(prediction.latency_ms)
        done = ollama.Done(reason, self._total_ms(), spent, read, written_tokens(best))
        return ollama.reply(self.wish.model, text, _now(), done, version)

    def _total_ms(self) -> float:
        self.clock.lap("total")
        return self.clock.milliseconds()["total"]


@speaks(ollama.error)
async def embed(request: Request) -> Response:
    """Vectors of one text or of several."""
    clock = LatencyClock()
    wish = ollama.read_embed(await json_body(request), "input")
    vectors = await _vectors(wish, request)
    clock.lap("total")
    count = words_and_signs(wish.texts)
    return json_reply(ollama.embedded(wish.model, vectors, clock.milliseconds()["total"], count))


@speaks(ollama.error)
async def embeddings(request: Request) -> Response:
    """The vector of one text, as older clients ask for it."""
    wish = ollama.read_embed(await json_body(request), "prompt")
    vectors = await _vectors(wish, request)
    return json_reply({"embedding": vectors[0].tolist() if len(vectors) else []})


async def _vectors(wish: ollama.EmbedWish, request: Request) -> NDArray[np.float32]:
    service = DLCodeGen.get_instance()
    identity, vectors = await embed_texts(wish.texts, request)
    if wish.model.removesuffix(LATEST).lower() != embedder_name(identity).lower():
        version_named(service.versions, wish.model)  # or it is not found
    cut = vectors[:, : wish.dimensions]
    unit: NDArray[np.float32] = cut / np.maximum(np.linalg.norm(cut, axis=1, keepdims=True), 1e-12)
    return unit


@speaks(ollama.error)
async def tags(request: Request) -> Response:
    """Every name that is answered to."""
    check_host(request)
    return json_reply(ollama.listing([each.to_json() for each in await run_in_threadpool(_listed)]))


@speaks(ollama.error)
async def running(request: Request) -> Response:
    """Those of them whose model is in memory."""
    check_host(request)
    loaded, until = DLCodeGen.get_instance().predictor.loaded(), _now() + KEPT
    listed = await run_in_threadpool(_listed)
    return json_reply(ollama.listing([each.running(until) for each in listed if each.version in loaded]))


@speaks(ollama.error)
async def show(request: Request) -> Response:
    """One of them."""
    name = ollama.read_model(Fields(await json_body(request)))
    wanted = name.removesuffix(LATEST)
    for each in await run_in_threadpool(_listed):
        if each.name.removesuffix(LATEST) == wanted:
            return json_reply(each.shown())
    raise NotHere(f"There is no model {name!r}. Use {OURS}, or one of those that /api/tags lists.")


@speaks(ollama.error)
async def version(request: Request) -> Response:
    """Of the protocol."""
    check_host(request)
    return json_reply({"version": ollama.PROTOCOL_VERSION})


@speaks(ollama.error)
async def chat(request: Request) -> Response:
    """There is no chat, and this says what there is."""
    check_host(request)
    raise NotHere("These models complete code and do not chat. Use /api/generate, with prompt and suffix.")


def _listed() -> list[ollama.Listed]:
    versions = DLCodeGen.get_instance().versions
    found = []
    for each in named_models(versions):
        with contextlib.suppress(ModelError):  # it went while we looked
            name = each.card.version
            digest = next(file.sha256 for file in files_of(versions.folder(name)) if file.name == WEIGHTS_FILE)
            found.append(ollama.Listed.of(each.name, each.card, versions.size_bytes(name), digest))
    return found


def _now() -> datetime:
    return datetime.now(UTC)


def _told(exc: WorkbenchError) -> str:
    return line(ollama.error(status_told(exc), str(exc)))


ROUTES = [
    Route("/api/generate", generate, methods=["POST"]),
    Route("/api/embed", embed, methods=["POST"]),
    Route("/api/embeddings", embeddings, methods=["POST"]),
    Route("/api/tags", tags),
    Route("/api/ps", running),
    Route("/api/show", show, methods=["POST"]),
    Route("/api/version", version),
    Route("/api/chat", chat, methods=["POST"]),
]
