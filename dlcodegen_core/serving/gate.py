"""The gate around everything that is served: who may ask, under which name, how much and how often; and a record of it.

Our own routes are kept by all rules. Beside them, under the same address, are the workbench's pages: these are asked
for host and origin, and for not being open to other machines without a key; who may see them is a matter of signing in.

A pure ASGI middleware, so that streams pass through it piece by piece.
"""

import logging
import re
import time
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route

from dlcodegen_core.config import ServingSettings
from dlcodegen_core.inference.live_requests import LiveRequests
from dlcodegen_core.outbound import is_this_machine
from dlcodegen_core.serving import metrics, request_lines
from dlcodegen_core.serving.design_routes import WRITTEN_FILES
from dlcodegen_core.serving.engine import CLIENT_GONE_STATUS
from dlcodegen_core.serving.hosts import KnownHosts
from dlcodegen_core.serving.keys import ApiKeys
from dlcodegen_core.serving.own_routes import OwnRoutes
from dlcodegen_core.serving.rate_limit import RateLimit
from dlcodegen_core.serving.requests_in import PASSED, BodyRefused
from dlcodegen_core.serving.watched_exchange import WatchedExchange

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

# Asked for without a key: by what watches over the process; how to ask, which says nothing of what is here; and files
# that a page offers, which a browser fetches by a link, and whose names nobody can guess.
OPEN_PATHS = ("/health", "/ready", "/openapi.json", "/docs/api", f"{WRITTEN_FILES}/{{task}}")
QUIET_PATHS = ("/health", "/ready", "/metrics")  # asked every few seconds, and of no interest to people: logged alone
UNKNOWN = "unknown"
NO_ADDRESS = "local socket"
LONGEST_URL = 8_000
REQUESTS_PER_MINUTE = 1_200  # of a key, or of an address of another machine, unless the settings say otherwise
WRONG_KEYS_PER_MINUTE = 30  # of an address
PREFLIGHT_SECONDS = 600
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ALLOWED_HEADERS = "Authorization, X-API-Key, Content-Type, X-Request-ID, Last-Event-ID"


class Refused(Exception):
    """A request that is not let in: with which status, sentence and headers it is turned away."""

    def __init__(self, status: int, sentence: str, **headers: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Gate:
    """ASGI. For one event loop."""

    def __init__(
        self,
        app: "ASGIApp",
        routes: Sequence[BaseRoute],
        live: Callable[[], LiveRequests],
        settings: ServingSettings | None = None,
        pages: bool = False,
        waiting: Callable[[], int] = lambda: 0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """routes: our own. live: where requests are noted. settings: from the environment if None. waiting: how many
        completions wait for a decoder.

        pages: whether whatever is not one of our routes is a page; else it is a request like all others. Raises
        ConfigError for settings that cannot be used.
        """
        self._app = app
        self._routes = OwnRoutes(routes)
        self._live = live
        self._settings = settings or ServingSettings.from_environment()
        self._keys = ApiKeys.parse(self._settings.api_keys)
        self._hosts = KnownHosts(self._settings.allowed_hosts, self._settings.allowed_origins)
        self._pages = pages
        self._waiting = waiting
        self._now = now
        self._rate = RateLimit(self._settings.requests_per_minute or REQUESTS_PER_MINUTE, now)
        self._wrong_keys = RateLimit(WRONG_KEYS_PER_MINUTE, now)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "http":
            route, match = self._routes.find(scope)
            # A page may have the path of one of our routes, such as /train, which is told apart by the method.
            if self._pages and match != Match.FULL and not (route and _is_preflight(scope)):
                await self._page(scope, receive, send)
            else:
                await self._request(scope, receive, send, route)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            self._live()
            await self._app(scope, receive, send)

    async def _page(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        try:
            self._check_who_reaches_it(scope)
            self._check_site(scope, Headers(scope=scope))
        except Refused as exc:
            await PlainTextResponse(str(exc), exc.status)(scope, receive, send)
            return

        async def send_guarded(message: "Message") -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Frame-Options", "SAMEORIGIN")  # no other site may show the pages in a frame
                headers.setdefault("Referrer-Policy", "same-origin")
                headers.setdefault("X-Content-Type-Options", "nosniff")
            await send(message)

        await self._app(scope, receive, send_guarded)

    async def _socket(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        try:
            self._check_who_reaches_it(scope)
            self._check_site(scope, Headers(scope=scope))
        except Refused as exc:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": str(exc)[:100]})
            return
        await self._app(scope, receive, send)

    async def _request(self, scope: "Scope", receive: "Receive", send: "Send", route: "Route | None") -> None:
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        identity = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        path = route.path if route else UNKNOWN
        address = scope["client"][0] if scope.get("client") else NO_ADDRESS
        way = f"{scope['method'][:20]} {path}"
        with self._live().open(address, way, identity, kept=path not in QUIET_PATHS) as request:
            answering = WatchedExchange(scope, receive, send, request, self._settings, self._now)
            key = ""
            metrics.note_load(self._live().at_work_count, self._waiting())
            try:
                if (preflight := self._check(scope, headers)) is not None:
                    await preflight(scope, receive, answering.send)
                    return
                key = self._admit(path, headers, address)
                request.who = key or address
                answering.check_length(headers)
                scope[PASSED] = True
                await self._app(scope, answering.receive, answering.send)
            except Refused as exc:
                await answering.refuse(exc.status, str(exc), route, exc.headers)
            except BodyRefused as exc:
                await answering.refuse(exc.status, str(exc), route, {"Connection": "close"})
            except ClientDisconnect:
                request.status = request.status or CLIENT_GONE_STATUS
            except Exception:
                # What broke is for our log alone: a trace tells a stranger how we are built and where our files are.
                logger.exception("Request %s failed.", identity)
                if answering.begun:
                    raise
                await answering.refuse(500, f"Something went wrong here. In the log it is request {identity}.", route)
            finally:
                request.status = request.status or CLIENT_GONE_STATUS  # called off before anything was said
                request.total_ms = answering.milliseconds()
                request_lines.write(request, scope["method"], scope["path"], key)
                metrics.count_request(path, scope["method"], request.status)
                metrics.note_load(self._live().at_work_count - 1, self._waiting())

    def _check(self, scope: "Scope", headers: Headers) -> Response | None:
        """The reply to a preflight, None for any other request. Raises Refused."""
        self._check_who_reaches_it(scope)
        self._check_site(scope, headers)
        if len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]) > LONGEST_URL:
            raise Refused(414, f"The address is longer than {LONGEST_URL:,} characters. Send what is long as a body.")
        if _is_preflight(scope):
            return self._preflight(headers)
        return None

    def _check_who_reaches_it(self, scope: "Scope") -> None:
        """Without keys only this machine is answered, however the server was started."""
        if self._keys:
            return
        server = scope.get("server")
        if server is not None and server[1] is not None and not is_this_machine(server[0]):
            raise Refused(
                403,
                "This server can be reached from other machines, but no key is set. Set DLCODEGEN_API_KEY and start it "
                "again, or have it listen on 127.0.0.1.",
            )

    def _check_site(self, scope: "Scope", headers: Headers) -> None:
        """Whether host and origin are known. Raises Refused."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._hosts.answers_to(hosts[0]):
            shown = ", ".join(hosts)[:80] or "none"
            raise Refused(
                403,
                f"Requests to the host {shown!r} are not answered. Use 127.0.0.1, or add the name to "
                "DLCODEGEN_ALLOWED_HOSTS.",
            )
        origin = headers.get("origin")
        if origin is not None and not self._hosts.lets_in(origin):
            raise Refused(
                403,
                f"Requests from pages of {origin[:80]!r} are not answered. Add the origin to "
                "DLCODEGEN_ALLOWED_ORIGINS if it is yours.",
            )
        # A picture or a script of a foreign page is asked for without an origin; a link to us is a navigation.
        foreign = headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate"
        if foreign and origin is None:
            raise Refused(403, "Requests from pages of other sites are not answered.")

    def _preflight(self, headers: Headers) -> Response:
        """A browser's question whether a page may ask."""
        origin = headers.get("origin", "").lower()
        if origin not in self._settings.allowed_origins:
            raise Refused(403, "Pages of other origins may not ask. DLCODEGEN_ALLOWED_ORIGINS names those that may.")
        return Response(
            status_code=204,
            headers={
                "Access-Control-Allow-Methods": "GET, POST, DELETE",
                "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
                "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
            },
        )

    def _admit(self, path: str, headers: Headers, address: str) -> str:
        """The name of the key that was shown; empty where none is asked for. Raises Refused."""
        if path in OPEN_PATHS:
            return ""
        name = self._keys.admit(headers) if self._keys else ""
        if name is None:
            self._check_rate(self._wrong_keys, address, "Too many requests without a valid key.")
            raise Refused(
                401,
                "This server asks for a key: send one that DLCODEGEN_API_KEY holds as `Authorization: Bearer KEY` or "
                "as `X-API-Key: KEY`.",
                WWW_Authenticate="Bearer",
            )
        # This machine without keys is its owner's: a benchmark there need not be slowed down.
        if name or self._settings.requests_per_minute is not None or not _is_local(address):
            self._check_rate(self._rate, f"key {name}" if name else address, "Too many requests.")
        return name

    def _check_rate(self, limit: RateLimit, client: str, told: str) -> None:
        if wait := limit.take(client):
            seconds = max(1, round(wait + 0.5))
            raise Refused(429, f"{told} Ask again in {seconds} s.", Retry_After=str(seconds))


def _is_preflight(scope: "Scope") -> bool:
    return scope["method"] == "OPTIONS" and "access-control-request-method" in Headers(scope=scope)


def _is_local(address: str) -> bool:
    return address == NO_ADDRESS or is_this_machine(address)
