"""Clients of several workers are asked once to connect anew when another worker has begun, and lose nothing by it."""

import asyncio
import os
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message

from dlcodegen_core.serving.spreading import LOOK_SECONDS, MOST_CLIENTS, SIGN, WARM_SECONDS, Spreading

ANNA, BERT = ("127.0.0.1", 1), ("127.0.0.1", 2)


class Worker:
    """A small application that says when it parts from a client."""

    def __init__(self, folder: Path) -> None:
        self.time = 1_000.0
        self._app = Spreading(PlainTextResponse("answered"), folder, lambda: self.time)
        self._sign = folder / SIGN

    def another_begins(self) -> None:
        self._sign.touch()
        os.utime(self._sign, (self.time, self.time))

    def closes(self, client: tuple[str, int] | None) -> bool:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": client}
        asyncio.run(self._app(scope, Request(scope).receive, send))
        assert sent[-1]["body"] == b"answered"
        return (b"connection", b"close") in sent[0]["headers"]


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return Worker(tmp_path)


def test_without_a_new_worker_connections_stay(worker: Worker) -> None:
    for _ in range(100):
        worker.time += 1
        assert not worker.closes(ANNA)


def test_who_was_there_before_a_new_worker_parts_once(worker: Worker) -> None:
    assert not worker.closes(ANNA) and not worker.closes(BERT)
    worker.another_begins()
    worker.time += WARM_SECONDS
    late = ("127.0.0.1", 3)
    assert [worker.closes(client) for client in (ANNA, late, ANNA, BERT, BERT)] == [True, False, False, True, False]


def test_a_new_worker_is_given_time_to_load_its_model(worker: Worker) -> None:
    worker.closes(ANNA)
    worker.another_begins()
    worker.time += WARM_SECONDS - 0.1
    assert not worker.closes(ANNA)
    worker.time += LOOK_SECONDS
    assert worker.closes(ANNA)


def test_every_new_worker_counts(worker: Worker) -> None:
    for _ in range(3):
        assert not worker.closes(ANNA)
        worker.another_begins()
        worker.time += WARM_SECONDS
        assert worker.closes(ANNA)


def test_no_more_clients_are_remembered_than_needed(worker: Worker) -> None:
    worker.closes(ANNA)
    for number in range(MOST_CLIENTS):
        worker.closes(("127.0.0.2", number))
    worker.another_begins()
    worker.time += WARM_SECONDS
    assert not worker.closes(ANNA) and worker.closes(("127.0.0.2", 0))


def test_a_client_without_an_address_is_left_alone(worker: Worker) -> None:
    worker.closes(None)
    worker.another_begins()
    worker.time += WARM_SECONDS
    assert not worker.closes(None)


def test_a_worker_that_begins_tells_the_others_and_not_itself(tmp_path: Path) -> None:
    async def answer(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("answered")

    app = Spreading(Starlette(routes=[Route("/", answer)]), tmp_path / "shared")
    sent: list[Message] = []
    ended = asyncio.Event()

    async def receive() -> Message:
        if not sent:
            return {"type": "lifespan.startup"}
        ended.set()
        return {"type": "lifespan.shutdown"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app({"type": "lifespan", "app": app, "state": {}}, receive, send))
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert (tmp_path / "shared" / SIGN).exists()
    assert app._answered_for == (tmp_path / "shared" / SIGN).stat().st_mtime
