"""Of connections that wait together, an event loop takes one at a time."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from dlcodegen_core.serving.shared_socket import SharedSocket

CLIENTS = 6


@pytest.fixture
def listening() -> Iterator[SharedSocket]:
    with SharedSocket.of(socket.create_server(("127.0.0.1", 0))) as listening:
        listening.setblocking(False)
        yield listening


def test_each_turn_takes_one_connection(listening: SharedSocket) -> None:
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(socket.create_connection(listening.getsockname()))
        for _ in range(2):
            stack.enter_context(listening.accept()[0])
            with pytest.raises(BlockingIOError):
                listening.accept()
        with pytest.raises(BlockingIOError):  # nobody is left
            listening.accept()


def test_the_end_of_an_answer_does_not_wait_until_its_beginning_is_acknowledged(listening: SharedSocket) -> None:
    with socket.create_connection(listening.getsockname()), listening.accept()[0] as connection:
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_process_that_is_leaving_leaves_connections_to_others(
    listening: SharedSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SharedSocket, "is_leaving", False)  # put back at the end
    with socket.create_connection(listening.getsockname()):
        SharedSocket.leave()
        with pytest.raises(BlockingIOError):
            listening.accept()
        SharedSocket.is_leaving = False  # as another process would see it
        listening.accept()[0].close()


def test_two_event_loops_that_share_it_share_the_clients(listening: SharedSocket) -> None:
    counts = [0, 0]

    async def scenario() -> None:
        async def taken(place: int, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            counts[place] += 1
            writer.close()

        with ExitStack() as stack:
            for _ in range(CLIENTS):
                stack.enter_context(socket.create_connection(listening.getsockname()))
            again = SharedSocket.of(listening.dup())
            servers = [
                await asyncio.start_server(lambda r, w, place=place: taken(place, r, w), sock=each)
                for place, each in enumerate((listening, again))
            ]
            while sum(counts) < CLIENTS:
                await asyncio.sleep(0.001)
            for server in servers:
                server.close()

    asyncio.run(asyncio.wait_for(scenario(), 10))
    assert min(counts) >= 1
