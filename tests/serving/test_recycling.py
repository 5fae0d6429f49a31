"""A worker that has answered enough parts from its clients, and ends once nothing of its own would end with it."""

import asyncio
from collections.abc import Callable

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message

from dlcodegen_core.serving.recycling import Recycling


class Worker:
    """A small application, and whether it was asked to end."""

    def __init__(self, after: int, chance: float = 0.5) -> None:
        self.busy, self.ended = False, asyncio.Event()
        app = PlainTextResponse("answered")
        self.app = Recycling(app, after, lambda: self.busy, self.ended.set, lambda: chance, parting_seconds=0.05)

    async def ask(self) -> dict[bytes, bytes]:
        """The headers of an answer."""
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        await self.app(scope, Request(scope).receive, send)
        assert sent[-1]["body"] == b"answered"
        return dict(sent[0]["headers"])


def run(scenario: Callable) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_after_enough_requests_it_parts_from_its_clients_and_ends() -> None:
    async def scenario() -> None:
        worker = Worker(after=3)
        assert [b"connection" in await worker.ask() for _ in range(3)] == [False] * 3
        while not worker.app.is_parting:
            await asyncio.sleep(0.001)
        assert not worker.ended.is_set() and (await worker.ask())[b"connection"] == b"close"
        await worker.ended.wait()

    run(scenario)


def test_it_never_ends_if_it_is_not_to_be_replaced() -> None:
    async def scenario() -> None:
        worker = Worker(after=0)
        for _ in range(50):
            await worker.ask()
        assert worker.app._parting is None

    run(scenario)


def test_a_training_of_its_own_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlcodegen_core.serving.recycling.LOOK_AGAIN_SECONDS", 0.01)

    async def scenario() -> None:
        worker = Worker(after=1)
        worker.busy = True
        await worker.ask()
        await asyncio.sleep(0.1)
        assert not worker.app.is_parting and b"connection" not in await worker.ask()
        worker.busy = False
        await worker.ended.wait()

    run(scenario)


@pytest.mark.parametrize(("chance", "requests"), [(0.0, 80), (0.5, 100), (1.0, 120)])
def test_workers_that_began_together_do_not_end_together(chance: float, requests: int) -> None:
    async def scenario() -> None:
        worker = Worker(after=100, chance=chance)
        for _ in range(requests - 1):
            await worker.ask()
        assert worker.app._parting is None
        await worker.ask()
        assert worker.app._parting is not None

    run(scenario)
