"""Replies and streams: JSON that survives every client, errors before and within a stream, sources that are closed."""

import asyncio
import json
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect

from dlcodegen_core.errors import EmbedderUnavailable, ModelError, RequestError, StorageError, WorkbenchError
from dlcodegen_core.serving.engine import Busy, ClientGone
from dlcodegen_core.serving.speaking import NotHere, Parts, Streamed, event, line, refusal, to_json
from dlcodegen_core.serving.wire import ollama


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_one_line_of_ascii_that_reads_back(text: str) -> None:
    written = to_json({"content": text})
    assert written.isascii() and len(written.splitlines()) == 1
    assert written.startswith('{"content":"') and json.loads(written) == {"content": text}
    assert line({"a": text}).count("\n") == 1 and event({"a": text}).endswith("\n\n")


@pytest.mark.parametrize(
    ("exc", "status"),
    [
        (RequestError("x."), 400),
        (NotHere("x."), 404),
        (ModelError("x."), 404),
        (EmbedderUnavailable("x."), 503),
        (StorageError("x."), 503),
        (Busy(64, 3), 503),
    ],
)
def test_no_error_is_the_servers_but_what_may_pass(exc: WorkbenchError, status: int) -> None:
    answer = refusal(ollama.error, exc)
    assert answer.status_code == status
    assert json.loads(bytes(answer.body)) == {"error": str(exc)}
    assert answer.headers.get("retry-after") == ("3" if isinstance(exc, Busy) else None)


async def source(parts: list[str | Exception], closed: list[bool]) -> AsyncGenerator[str, None]:
    try:
        for part in parts:
            if isinstance(part, Exception):
                raise part
            yield part
    finally:
        closed.append(True)


async def read(parts: list[str | Exception]) -> list[str]:
    stream = Parts(source(parts, []), lambda exc: f"error: {exc}")
    await stream.start()
    return [part async for part in stream]


def test_an_error_at_the_start_is_raised_and_a_later_one_is_the_last_part() -> None:
    assert asyncio.run(read(["a", "b"])) == ["a", "b"]
    assert asyncio.run(read([])) == []
    assert asyncio.run(read(["a", ModelError("gone."), "b"])) == ["a", "error: gone."]
    assert asyncio.run(read(["a", ClientGone(), "b"])) == ["a"]
    with pytest.raises(ModelError):
        asyncio.run(read([ModelError("none."), "b"]))


def test_a_reader_that_goes_away_closes_the_source() -> None:
    closed: list[bool] = []

    async def serve() -> None:
        stream = Parts(source(["a"] * 1000, closed), str)
        await stream.start()
        sent = []

        async def send(message: dict[str, object]) -> None:
            sent.append(message)
            if len(sent) == 3:
                raise OSError  # as a server tells that nobody reads

        async def receive() -> dict[str, object]:
            await asyncio.sleep(3600)
            return {}

        scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
        await Streamed(stream, "text/plain")(scope, receive, send)  # type: ignore[arg-type]

    with pytest.raises(ClientDisconnect):
        asyncio.run(serve())
    assert closed == [True]
