"""The one way from an HTTP handler to a prediction.

What is kept from before is answered at once, beside whatever is being decoded. The rest waits in a bounded queue. A
client that goes away, or asks anew, stops its decoding between two tokens. Knows no protocol.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request

from dlcodegen_core.answers import Answers, Question
from dlcodegen_core.inference.prediction import Prediction, PredictionRequest
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.serving.decode_queue import Busy, DecodeQueue, Seat

__all__ = ["CLIENT_GONE_STATUS", "Asked", "Busy", "ClientGone", "Engine", "Stream"]

CLIENT_GONE_STATUS = 499  # nobody reads it, but a log does
# A look into the cache is short, but may wait for Redis or the database; never behind a decoder.
LOOK_UP_THREADS = 4

Value = TypeVar("Value")


class ClientGone(Exception):
    """The client has disconnected, or has asked something newer meanwhile."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to the engine.

    version: None for production, or for the arm of the A/B test that `user` is dealt. user: keeps one person at one
    arm. client: who never has two requests at once, such as an editor's session; a newer one ends the older. Empty for
    nobody in particular. wait: a batch that would rather wait in the queue than be refused.
    """

    request: PredictionRequest
    version: str | None = None
    user: str = ""
    client: str = ""
    wait: bool = False


class Engine:
    """Thread-safe; serves any number of event loops."""

    _instance: "Engine | None" = None
    _instance_lock = threading.Lock()

    def __init__(self, service: DLCodeGen, queue: DecodeQueue | None = None) -> None:
        self._service = service
        self._queue = queue or DecodeQueue()
        self._looking_up = ThreadPoolExecutor(LOOK_UP_THREADS, thread_name_prefix="look-up")
        self._clients: dict[str, _Turn] = {}
        self._lock = threading.Lock()

    @classmethod
    def get(cls) -> "Engine":
        """The one of this process, for the service of this process."""
        service = DLCodeGen.get_instance()
        engine = cls._instance
        if engine is None or engine._service is not service:
            with cls._instance_lock:
                engine = cls._instance
                if engine is None or engine._service is not service:
                    if engine is not None:
                        engine.close()
                    engine = cls._instance = cls(service)
        return engine

    @property
    def waiting(self) -> int:
        """How many requests wait for a decoder."""
        return self._queue.waiting

    @property
    def decoding(self) -> int:
        """How many are being decoded."""
        return self._queue.at_work

    async def complete(self, asked: Asked, http: Request) -> Prediction:
        """The answer, once all of it is there.

        http: watched for the client's going away, so its body must have been read. Raises Busy, ClientGone,
        RequestError, ModelError or EmbeddingError.
        """
        async with self._turn(asked, http) as turn:
            question, kept = await turn.wait_for(self._look_up(asked))
            if kept is not None:
                return kept
            turn.take(self._queue.join(lambda gone: self._answers.answer(question, gone), asked.wait))
            return await turn.wait_for(turn.outcome())

    def stream(self, asked: Asked, http: Request) -> "Stream":
        """The answer piece by piece, as it is settled. The same text as `complete` gives."""
        return Stream(self, asked, http)

    def close(self) -> None:
        """Take nothing new. Whoever asks for the engine of this process gets another one from now on."""
        if Engine._instance is self:
            Engine._instance = None
        self._queue.close()
        self._looking_up.shutdown(wait=False, cancel_futures=True)

    @property
    def _answers(self) -> Answers:
        return self._service.answers

    async def _look_up(self, asked: Asked) -> tuple[Question, Prediction | None]:
        """The question, its version dealt, and its answer if that was computed before."""

        def look() -> tuple[Question, Prediction | None]:
            question = self._answers.question(asked.request, asked.version, asked.user)
            return question, self._answers.kept(question)

        return await asyncio.get_running_loop().run_in_executor(self._looking_up, copy_context().run, look)

    @contextlib.asynccontextmanager
    async def _turn(self, asked: Asked, http: Request) -> "AsyncIterator[_Turn]":
        """What a request holds while it is answered; all of it is let go of at the end, however that comes."""
        turn = _Turn(self._queue)
        with self._lock:
            before = self._clients.get(asked.client)
            if asked.client:
                self._clients[asked.client] = turn
        if before is not None:
            before.end()
        watching = asyncio.ensure_future(_watch(http, turn))
        try:
            yield turn
        finally:
            watching.cancel()
            turn.end()
            with self._lock:
                if self._clients.get(asked.client) is turn:
                    del self._clients[asked.client]


class Stream:
    """An asynchronous iterator over the pieces of a completion; their sum is the completion.

    A reader that is slow finds several pieces in one, and holds up nobody. `start` may be awaited first, so that an
    error still finds its status line unsent. prediction: the whole answer, once the pieces have ended.
    """

    def __init__(self, engine: Engine, asked: Asked, http: Request) -> None:
        self.prediction: Prediction | None = None
        self._pieces = self._run(engine, asked, http)
        self._first: str | None = None
        self._started = False

    async def start(self) -> None:
        """Wait for the first piece, or for the end. Raises what `Engine.complete` does."""
        if not self._started:
            self._started = True
            with contextlib.suppress(StopAsyncIteration):
                self._first = await anext(self._pieces)

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> str:
        """The next piece, never empty. Raises what `start` does."""
        await self.start()
        if self._first is not None:
            piece, self._first = self._first, None
            return piece
        return await anext(self._pieces)

    async def aclose(self) -> None:
        """Stop, if it is not over."""
        await self._pieces.aclose()  # type: ignore[attr-defined]

    async def _run(self, engine: Engine, asked: Asked, http: Request) -> AsyncIterator[str]:
        async with engine._turn(asked, http) as turn:
            question, self.prediction = await turn.wait_for(engine._look_up(asked))
            sent = ""
            if self.prediction is None:
                settled = _Settled()
                work: Callable[[Callable[[], bool]], Prediction] = lambda gone: engine._answers.answer(  # noqa: E731
                    question, gone, settled.tell
                )
                turn.take(engine._queue.join(work, asked.wait))
                outcome = asyncio.ensure_future(turn.outcome())
                outcome.add_done_callback(lambda _done: settled.news.set())
                while not outcome.done():
                    await turn.wait_for(settled.news.wait())
                    settled.news.clear()
                    if piece := settled.text[len(sent) :]:
                        sent += piece
                        yield piece
                self.prediction = await turn.wait_for(outcome)
            if rest := self.prediction.completion[len(sent) :]:
                yield rest


class _Settled:
    """The text that a decoder's thread has settled so far, and news of it for the event loop."""

    def __init__(self) -> None:
        self.text = ""
        self.news = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def tell(self, text: str) -> None:
        self.text = text
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever listened
            self._loop.call_soon_threadsafe(self.news.set)


class _Turn:
    """One request on its way: its seat, and whether anybody still waits for it."""

    def __init__(self, queue: DecodeQueue) -> None:
        self._queue = queue
        self._seat: Seat[Prediction] | None = None
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()

    def take(self, seat: Seat[Prediction]) -> None:
        self._seat = seat
        if self._over.is_set():
            self._queue.leave(seat)

    async def outcome(self) -> Prediction:
        assert self._seat is not None
        return await asyncio.wrap_future(self._seat.outcome)

    def end(self) -> None:
        """Nobody waits any more. May be called from any thread, and again."""
        if self._seat is not None:
            self._queue.leave(self._seat)
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._over.set)

    async def wait_for(self, result: Awaitable[Value]) -> Value:
        """The result, or ClientGone if nobody waits for it any more."""
        work = asyncio.ensure_future(result)
        over = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait((work, over), return_when=asyncio.FIRST_COMPLETED)
            if self._over.is_set():
                raise ClientGone
            return work.result()
        finally:
            over.cancel()
            if not work.done():
                work.cancel()


async def _watch(http: Request, turn: _Turn) -> None:
    """End the turn when the client goes away."""
    while (await http.receive())["type"] != "http.disconnect":
        pass
    turn.end()
