"""llama.cpp's protocol, as llama.vim and llama.vscode speak it.

POST /infill        the code around the cursor, and pieces of other files
POST /completion    a prompt; also /completions
GET  /props

A reply to a client with a time limit is taken from a stream that is left when the time is up.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import dlcodegen_core
from dlcodegen_core.errors import WorkbenchError
from dlcodegen_core.inference.prediction import Candidate, Prediction
from dlcodegen_core.latency import LatencyClock
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.serving import completing
from dlcodegen_core.serving.engine import Asked, Stream
from dlcodegen_core.serving.model_names import version_or_production
from dlcodegen_core.serving.requests_in import check_host, json_body
from dlcodegen_core.serving.speaking import EVENTS, event, json_reply, speaks, status_told, streamed
from dlcodegen_core.serving.token_counts import count_tokens, prompt_tokens
from dlcodegen_core.serving.wire import llama_cpp
from dlcodegen_core.serving.wire.counting import Spent, finish_reason

NOTHING = llama_cpp.Measured(0, 0.0, 0.0, 0)


@speaks(llama_cpp.error)
async def infill(request: Request) -> Response:
    """Fill the gap at the cursor."""
    return await _answer(llama_cpp.read_infill(await json_body(request)), request)


@speaks(llama_cpp.error)
async def completion(request: Request) -> Response:
    """Complete a prompt."""
    return await _answer(llama_cpp.read_completion(await json_body(request)), request)


async def _answer(wish: llama_cpp.InfillWish, http: Request) -> Response:
    service = DLCodeGen.get_instance()
    version = version_or_production(service.versions, wish.model)
    if wish.request is None:
        # Clients send such requests ahead of time, so that nothing has to be loaded when somebody waits.
        chosen = service.versions.resolve(version)
        await run_in_threadpool(service.predictor.model, chosen)
        done = llama_cpp.reply(wish, "", chosen, NOTHING, "limit")
        return json_reply(done) if not wish.stream else await streamed(_only(event(done)), EVENTS, _told)
    asked = completing.asked_by(http, wish.request, version)
    call = _Call(wish, asked, http)
    return await streamed(call.events(), EVENTS, _told) if wish.stream else await call.whole()


@dataclass(slots=True)
class _Call:
    """One completion on its way."""

    wish: llama_cpp.InfillWish
    asked: Asked
    http: Request
    clock: LatencyClock = field(default_factory=LatencyClock)

    async def whole(self) -> Response:
        writing = self._writing()
        async with contextlib.aclosing(await completing.stream(self.asked, self.http)) as stream:
            async for _shown in self._pieces(stream, writing):
                pass
        return json_reply(await self._last(writing.text, writing, stream))

    async def events(self) -> AsyncGenerator[str, None]:
        writing = self._writing()
        async with contextlib.aclosing(await completing.stream(self.asked, self.http)) as stream:
            async for shown in self._pieces(stream, writing):
                if shown:
                    yield event(llama_cpp.part(shown, self.wish))
        yield event(await self._last(writing.rest(), writing, stream))

    def _spent(self, prediction: Prediction | None) -> tuple[float, float]:
        """Milliseconds for reading and for writing: as the model took them, or, where the stream was left, as we saw.

        A line that is chosen among several comes in one piece, whose coming says nothing of the two.
        """
        if prediction is None:
            seen = self.clock.milliseconds()
            return seen["prompt"], seen["predicted"]
        spent = Spent.of(prediction.latency_ms)
        return spent.load_ms + spent.reading_ms, spent.writing_ms

    def _writing(self) -> llama_cpp.Writing:
        return llama_cpp.Writing(self.wish.indent, self.wish.predict_ms)

    async def _pieces(self, stream: Stream, writing: llama_cpp.Writing) -> AsyncIterator[str]:
        """What may be shown, until the text or the time has ended."""
        self.clock.lap("prompt")
        async for piece in stream:
            self.clock.lap("predicted")
            yield writing.add(piece, self.clock.milliseconds()["predicted"])
            if writing.over:
                break
        self.clock.lap("predicted")

    async def _last(self, content: str, writing: llama_cpp.Writing, stream: Stream) -> dict[str, object]:
        service, request = DLCodeGen.get_instance(), self.asked.request
        prediction = stream.prediction
        # A stream that was left before its end cannot say who wrote it; that is whoever answers now.
        version = prediction.version if prediction else service.versions.resolve(self.asked.version)
        read = await run_in_threadpool(prompt_tokens, service, version, request)
        written = await run_in_threadpool(count_tokens, service, version, writing.text)
        measured = llama_cpp.Measured(read, *self._spent(prediction), written)
        limited = writing.over
        if prediction is not None and not limited:
            best = prediction.candidates[0] if prediction.candidates else Candidate("", 0.0)
            limited = finish_reason(prediction, best, request.max_tokens) == "length"
        return llama_cpp.reply(self.wish, content, version, measured, "limit" if limited else "eos")


@speaks(llama_cpp.error)
async def props(request: Request) -> Response:
    """What the server is, and how much context is read."""
    check_host(request)
    version = await run_in_threadpool(DLCodeGen.get_instance().versions.resolve, None)
    return json_reply(llama_cpp.props(version, dlcodegen_core.__version__))


async def _only(part: str) -> AsyncGenerator[str, None]:
    yield part


def _told(exc: WorkbenchError) -> str:
    return event(llama_cpp.error(status_told(exc), str(exc)))


ROUTES = [
    Route("/infill", infill, methods=["POST"]),
    Route("/completion", completion, methods=["POST"]),
    Route("/completions", completion, methods=["POST"]),
    Route("/props", props),
]
