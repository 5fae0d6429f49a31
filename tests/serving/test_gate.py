"""The gate: who is let in, under which name, how much and how often, and what is told of it."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from dlcodegen_core.config import ServingSettings
from dlcodegen_core.errors import ConfigError
from dlcodegen_core.inference.live_requests import LiveRequests, current_request
from dlcodegen_core.serving import request_lines
from dlcodegen_core.serving.gate import Gate
from dlcodegen_core.serving.requests_in import json_body
from dlcodegen_core.serving.speaking import json_reply, speaks
from dlcodegen_core.serving.wire import openai

HERE = "http://127.0.0.1:8600"


@speaks(openai.error)
async def echo(request: Request) -> Response:
    body = await json_body(request)
    found = current_request()
    assert found is not None
    return json_reply({"got": body, "id": found.id, "who": found.who})


async def broken(_request: Request) -> Response:
    raise RuntimeError("the file /home/ann/secret.py is missing")


async def broken_halfway(_request: Request) -> Response:
    async def parts() -> Any:
        yield "one"
        raise RuntimeError("halfway")

    return StreamingResponse(parts())


async def page(_request: Request) -> Response:
    return PlainTextResponse("a page")


async def socket_of_a_page(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


OWN = [
    Route("/v1/echo", echo, methods=["POST"]),
    Route("/things/{name}", page),
    Route("/broken", broken),
    Route("/halfway", broken_halfway),
    Route("/health", page),
    Route("/both", echo, methods=["POST"]),
]
PAGES = [
    Route("/", page),
    Route("/train", page),
    Route("/both", page),
    WebSocketRoute("/_stcore/stream", socket_of_a_page),
]


@pytest.fixture
def live() -> LiveRequests:
    return LiveRequests()


@pytest.fixture
def serve(live: LiveRequests) -> Callable[..., TestClient]:
    """A client of a gated server with these settings."""

    def serve(
        pages: bool = False, address: str = "127.0.0.1", now: Any = None, base: str = HERE, **settings: Any
    ) -> TestClient:
        options: dict[str, Any] = {"now": now} if now else {}
        gate = Middleware(
            Gate, routes=OWN, live=lambda: live, settings=ServingSettings(**settings), pages=pages, **options
        )
        app = Starlette(routes=[*OWN, *PAGES], middleware=[gate])
        return TestClient(app, base, client=(address, 5), raise_server_exceptions=False)

    return serve


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """The fields of each line that is logged."""
    found: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.fields)  # type: ignore[attr-defined]

    handler, level = Keep(), request_lines.logger.level
    request_lines.logger.addHandler(handler)
    request_lines.logger.setLevel(logging.INFO)
    yield found
    request_lines.logger.removeHandler(handler)
    request_lines.logger.setLevel(level)


Serve = Callable[..., TestClient]


def test_a_request_gets_an_id_or_keeps_its_own(serve: Serve) -> None:
    client = serve()
    answer = client.post("/v1/echo", json={"a": 1})
    assert answer.status_code == 200
    assert answer.json() == {"got": {"a": 1}, "id": answer.headers["x-request-id"], "who": "127.0.0.1"}
    assert client.get("/health", headers={"X-Request-ID": "editor-7.b"}).headers["x-request-id"] == "editor-7.b"
    for strange in ("", "a b", "x" * 65, "<script>"):
        given = client.get("/health", headers={"X-Request-ID": strange}).headers["x-request-id"]
        assert given != strange
        assert len(given) == 32


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:8600"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    ],
)
def test_another_host_and_another_site_are_turned_away(serve: Serve, headers: dict[str, str]) -> None:
    answer = serve().post("/v1/echo", json={}, headers=headers)
    assert answer.status_code == 403
    assert "not answered" in answer.json()["error"]["message"]
    answer = serve(pages=True).get("/train", headers=headers)
    assert (answer.status_code, "not answered" in answer.text) == (403, True)


def test_an_editor_and_a_page_of_ours_and_a_link_come_through(serve: Serve) -> None:
    client = serve(pages=True)
    for headers in ({}, {"origin": HERE}, {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}):
        assert client.get("/train", headers=headers).text == "a page"
    assert client.get("/train").headers["x-frame-options"] == "SAMEORIGIN"
    assert client.post("/v1/echo", json={}, headers={"origin": "http://localhost:8501"}).status_code == 200


def test_a_websocket_of_another_site_is_not_opened(serve: Serve) -> None:
    client = serve(pages=True)
    with client.websocket_connect("ws://127.0.0.1:8600/_stcore/stream", headers={"origin": HERE}) as socket:
        assert socket.receive_text() == "hello"
    for headers in ({"origin": "https://evil.example"}, {"host": "evil.example"}):
        with (
            pytest.raises(WebSocketDisconnect) as caught,
            client.websocket_connect("ws://127.0.0.1:8600/_stcore/stream", headers=headers),
        ):
            pass
        assert caught.value.code == 1008


def test_more_hosts_and_origins_can_be_allowed(serve: Serve) -> None:
    client = serve(allowed_hosts=("workbench.example.org",), allowed_origins=("https://tools.example.org",))
    assert client.get("/health", headers={"host": "workbench.example.org"}).status_code == 200
    asked = {"origin": "https://tools.example.org", "access-control-request-method": "POST"}
    answer = client.options("/v1/echo", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://tools.example.org"
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    answer = client.post("/v1/echo", json={}, headers={"origin": "https://tools.example.org"})
    assert answer.headers["access-control-allow-origin"] == "https://tools.example.org"
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-origin" not in client.post("/v1/echo", json={}, headers={"origin": HERE}).headers


def test_without_allowed_origins_no_preflight_is_answered(serve: Serve) -> None:
    asked = {"origin": "http://localhost:3000", "access-control-request-method": "POST"}
    answer = serve().options("/v1/echo", headers=asked)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_where_keys_are_set_they_are_asked_for(serve: Serve, lines: list[dict[str, Any]]) -> None:
    client = serve(pages=True, api_keys="laptop:one,ci:two")
    answer = client.post("/v1/echo", json={})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert "Authorization: Bearer" in answer.json()["error"]["message"]
    assert client.post("/v1/echo", json={}, headers={"authorization": "Bearer three"}).status_code == 401
    for headers in ({"authorization": "Bearer one"}, {"x-api-key": "one"}):
        answer = client.post("/v1/echo", json={}, headers=headers)
        assert (answer.status_code, answer.json()["who"]) == (200, "laptop")
    assert client.get("/things/a").status_code == 401
    assert client.get("/health").status_code == 200
    assert client.get("/train").text == "a page"  # pages are not for programs
    assert [line.get("key") for line in lines] == [None, None, "laptop", "laptop", None, None]
    assert "one" not in json.dumps([value for line in lines for value in line.values()])


def test_without_pages_an_unknown_path_is_asked_for_a_key_as_well(serve: Serve) -> None:
    assert serve(api_keys="one").get("/train").status_code == 401


def test_without_a_key_only_this_machine_is_answered_however_it_was_bound(serve: Serve) -> None:
    client = serve(pages=True, base="http://192.168.1.5:8600", allowed_hosts=("192.168.1.5",))
    for path in ("/things/a", "/train"):
        answer = client.get(path)
        assert (answer.status_code, "Set DLCODEGEN_API_KEY" in answer.text) == (403, True)
    client = serve(base="http://192.168.1.5:8600", allowed_hosts=("192.168.1.5",), api_keys="one")
    assert client.get("/things/a", headers={"x-api-key": "one"}).status_code == 200


def test_wrong_keys_are_slowed_down_and_right_ones_are_not(serve: Serve) -> None:
    client = serve(api_keys="one", now=lambda: 0.0)
    wrong = [client.get("/things/a", headers={"x-api-key": "wrong"}).status_code for _ in range(7)]
    assert wrong == [401] * 5 + [429] * 2
    assert client.get("/things/a", headers={"x-api-key": "one"}).status_code == 200


def test_a_key_and_another_machine_may_ask_only_so_often(serve: Serve) -> None:
    moment = [0.0]
    client = serve(api_keys="a:one,b:two", requests_per_minute=12, now=lambda: moment[0])
    assert [client.get("/things/a", headers={"x-api-key": "one"}).status_code for _ in range(3)] == [200, 200, 429]
    answer = client.get("/things/a", headers={"x-api-key": "one"})
    assert answer.headers["retry-after"] == "6"
    assert answer.json() == {"error": "Too many requests. Ask again in 6 s."}
    assert client.get("/things/a", headers={"x-api-key": "two"}).status_code == 200
    moment[0] = 5.0
    assert client.get("/things/a", headers={"x-api-key": "one"}).status_code == 200
    far = serve(address="10.0.0.7", now=lambda: 0.0)
    statuses = [far.get("/things/a").status_code for _ in range(201)]
    assert (statuses.count(200), statuses[-1]) == (200, 429)
    assert serve(now=lambda: 0.0).get("/things/a").status_code == 200


def test_this_machine_without_keys_is_not_slowed_down_unless_asked_to(serve: Serve) -> None:
    client = serve(now=lambda: 0.0)
    assert {client.get("/health").status_code for _ in range(250)} == {200}
    client = serve(now=lambda: 0.0, requests_per_minute=6)
    assert [client.get("/things/a").status_code for _ in range(2)] == [200, 429]


def test_a_body_that_is_too_large_is_turned_away_in_the_protocols_own_words(serve: Serve) -> None:
    client = serve(max_body_bytes=1_000)
    answer = client.post("/v1/echo", json={"a": "x" * 2_000})
    assert answer.status_code == 413
    assert answer.json()["error"]["message"] == "The body is larger than 1,000 bytes. Send less."
    pieces = (b"x" * 100 for _ in range(20))  # nobody says beforehand how long it will be
    answer = client.post("/v1/echo", content=pieces, headers={"content-type": "application/json"})
    assert (answer.status_code, "larger than 1,000" in answer.json()["error"]["message"]) == (413, True)


def test_an_address_that_is_too_long_is_turned_away(serve: Serve) -> None:
    assert serve().get(f"/things/{'x' * 8_000}").status_code == 414
    assert serve().get("/health", params={"q": "x" * 8_000}).status_code == 414


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "9" * 30])
def test_a_content_length_that_is_none_is_turned_away(serve: Serve, length: str) -> None:
    raw = length.encode()
    answer = serve().get("/things/a", headers={b"content-length": raw})  # type: ignore[dict-item]
    assert answer.status_code in (400, 413)


def test_a_body_that_comes_too_slowly_is_not_waited_for(live: LiveRequests) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        pieces = iter([b'{"a"'])

        async def receive() -> Any:
            for piece in pieces:
                return {"type": "http.request", "body": piece, "more_body": True}
            return await asyncio.Event().wait()

        headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]
        scope = {
            "type": "http", "method": "POST", "path": "/v1/echo", "raw_path": b"/v1/echo", "query_string": b"",
            "headers": headers, "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 8600), "root_path": "",
        }  # fmt: skip
        gate = Gate(Starlette(routes=OWN), OWN, lambda: live, ServingSettings(body_seconds=0.1))
        await gate(scope, receive, send)

    asyncio.run(asyncio.wait_for(run(), 5))
    assert sent[0]["status"] == 408
    assert "did not arrive within 0.1 s" in sent[1]["body"].decode()


def test_what_breaks_is_told_by_its_id_alone_and_logged_in_full(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    answer = serve().get("/broken", headers={"x-request-id": "abc"})
    assert answer.status_code == 500
    assert answer.json() == {"error": "Something went wrong here. In the log it is request abc."}
    assert "secret.py" in caplog.text


def test_a_stream_that_breaks_halfway_is_cut_off_rather_than_ended_well(serve: Serve, live: LiveRequests) -> None:
    client = serve()
    client._transport.raise_server_exceptions = True  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match="halfway"):
        client.get("/halfway")
    assert live.at_work() == []


def test_each_request_is_one_line_without_its_text(serve: Serve, lines: list[dict[str, Any]]) -> None:
    client = serve(pages=True)
    client.post("/v1/echo?token=hush", json={"prompt": "hush"}, headers={"x-request-id": "abc"})
    client.get("/train")  # a page, which is none of ours
    [line] = lines
    assert set(line) == {"at", "id", "method", "path", "status", "ms", "received_bytes", "sent_bytes"}
    assert (line["id"], line["method"], line["path"], line["status"]) == ("abc", "POST", "/v1/echo", 200)
    assert line["received_bytes"] == len(b'{"prompt":"hush"}')
    assert line["sent_bytes"] > 0
    assert "hush" not in json.dumps(line)


def test_requests_are_noted_with_their_route_and_their_error(serve: Serve, live: LiveRequests) -> None:
    client = serve()
    client.get("/things/ann")
    client.get("/nowhere/ann")
    client.post("/v1/echo", json={}, headers={"host": "evil.example"})
    assert [(one.way, one.status, bool(one.error)) for one in live.latest()] == [
        ("POST /v1/echo", 403, True), ("GET unknown", 404, False), ("GET /things/{name}", 200, False),
    ]  # fmt: skip
    assert (live.requests, live.failures) == (3, 2)


def test_a_page_may_have_the_path_of_a_route_of_ours(serve: Serve) -> None:
    client = serve(pages=True, api_keys="one")
    assert client.get("/both").text == "a page"
    assert client.post("/both", json={}).status_code == 401
    assert client.post("/both", json={}, headers={"x-api-key": "one"}).json()["who"] == "default"
    assert serve(api_keys="one").get("/v1/echo").status_code == 401


def test_settings_that_cannot_be_used_stop_the_start() -> None:
    with pytest.raises(ConfigError):
        Gate(Starlette(), [], LiveRequests, ServingSettings(api_keys="one:"))
