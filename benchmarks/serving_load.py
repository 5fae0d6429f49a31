"""Completions over HTTP under load: `python -m benchmarks.serving_load`.

A sequence model is trained on packages of this machine's standard library, a real `serve` is started, and clients ask
it for lines behind 1,500 characters of real source, each again as soon as it is answered. The clients are one process
of their own on the same machine, so what they cost is taken from what is measured. Workers have a cache each, unless
REDIS_URL names one that they share.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.report import Row, median, percentile, print_table
from dlcodegen_core import DLCodeGen, Settings, TrainConfig

PACKAGES = ("asyncio", "email", "http", "json", "logging", "unittest", "xml", "importlib")
PROMPT_CHARACTERS = 1500
REPEATED = 0.3
REPEATABLE = 300  # the latest prompts, of which some are asked again
PREDICT = "/api/dl-codegen/predict"
STREAM = "/v1/completions"
READY_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Load:
    """clients: that ask at once. beams: 4 as a line is asked for by default, 1 for streams."""

    clients: int = 4
    seconds: float = 30.0
    beams: int = 4
    max_tokens: int = 32
    stream: bool = False


@dataclass
class Outcome:
    """Seconds of each answer and to each first token; what failed and when; what was asked again elsewhere."""

    latencies: list[float] = field(default_factory=list)
    first_tokens: list[float] = field(default_factory=list)
    hits: int = 0
    failures: list[tuple[float, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def told(self) -> str:
        p50, p95 = median(self.latencies) * 1000, percentile(self.latencies, 0.95) * 1000
        share = self.hits / len(self.latencies)
        return (
            f"{self.per_second:.1f}/s, p50 {p50:.0f} ms, p95 {p95:.0f} ms, {share:.0%} from the cache, "
            f"{len(self.failures)} failed of {len(self.latencies) + len(self.failures)}"
        )


class Prompts:
    """Cuts of real source; a share of them is asked once more."""

    def __init__(self, seed: int = 0) -> None:
        folder = Path(json.__file__).parents[1]
        files = sorted(path for package in PACKAGES for path in (folder / package).rglob("*.py"))
        texts = (path.read_text("utf-8", "replace") for path in files)
        self._texts = [text for text in texts if len(text) > 2 * PROMPT_CHARACTERS]
        self._random = random.Random(seed)
        self._asked: list[str] = []

    def next(self) -> str:
        if self._asked and self._random.random() < REPEATED:
            return self._random.choice(self._asked)
        text = self._random.choice(self._texts)
        end = self._random.randrange(PROMPT_CHARACTERS, len(text))
        self._asked = [*self._asked[-REPEATABLE:], text[end - PROMPT_CHARACTERS : end]]
        return self._asked[-1]


class Connection:
    """One kept-alive connection, raw, so that the client costs little."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: bytes) -> AsyncIterator[bytes]:
        """The body of the answer, in pieces as they come; opens the connection if there is none. Raises OSError."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        try:
            writer.write(_head(path, len(body)) + body)
            status, headers = await _read_head(reader)
            async for piece in _read_body(reader, headers):
                yield piece
        except (OSError, asyncio.IncompleteReadError, ValueError) as exc:
            self.close()
            raise ConnectionError(str(exc) or type(exc).__name__) from exc
        if headers.get("connection", "").lower() == "close":
            self.close()
        if status != 200:
            raise ConnectionError(f"status {status}")

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _head(path: str, size: int) -> bytes:
    lines = (f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", f"Content-Length: {size}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = (line.split(":", 1) for line in head[1:] if ":" in line)
    return int(head[0].split()[1]), {name.lower(): value.strip() for name, value in headers}


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> AsyncIterator[bytes]:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        yield await reader.readexactly(int(headers.get("content-length", "0")))
        return
    while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)


async def load(port: int, wanted: Load, prompts: Prompts) -> Outcome:
    """Ask for `wanted.seconds`."""
    outcome, began = Outcome(), time.monotonic()

    async def client() -> None:
        connection = Connection(port)
        while time.monotonic() - began < wanted.seconds:
            await _ask(connection, wanted, prompts.next(), outcome)
        connection.close()

    await asyncio.gather(*(client() for _ in range(wanted.clients)))
    outcome.seconds = time.monotonic() - began
    return outcome


async def _ask(connection: Connection, wanted: Load, prompt: str, outcome: Outcome) -> None:
    path = STREAM if wanted.stream else PREDICT
    options = {"stream": True} if wanted.stream else {"beams": wanted.beams, "stop": ["\n"]}
    body = json.dumps({"prompt": prompt, "max_tokens": wanted.max_tokens, **options}).encode()
    began, first, content = time.monotonic(), 0.0, b""
    try:
        async for piece in connection.post(path, body):
            first = first or time.monotonic()
            content += piece
    except ConnectionError as exc:
        outcome.failures.append((time.time(), str(exc)))
        await asyncio.sleep(0.05)
        return
    outcome.latencies.append(time.monotonic() - began)
    outcome.first_tokens.append(first - began)
    outcome.hits += not wanted.stream and json.loads(content)["cached"]


async def slow_clients(port: int, count: int, until: asyncio.Event) -> None:
    """Half of them send their body a byte a second, half read their answer so, anew until the end."""
    body = json.dumps({"prompt": "import os\n" * 200, "max_tokens": 64, "stream": True}).encode()

    async def slow(number: int) -> None:
        while not until.is_set():
            with contextlib.suppress(OSError):
                await _dawdle(port, body, number % 2 == 0, until)

    await asyncio.gather(*(slow(number) for number in range(count)))


async def _dawdle(port: int, body: bytes, while_sending: bool, until: asyncio.Event) -> None:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setblocking(False)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_sendall(connection, _head(STREAM, len(body)))
        for place in range(len(body)) if while_sending else ():
            await loop.sock_sendall(connection, body[place : place + 1])
            await asyncio.sleep(1)
            if until.is_set():
                return
        if not while_sending:
            await loop.sock_sendall(connection, body)
        while not until.is_set() and await loop.sock_recv(connection, 1):
            await asyncio.sleep(1)
    finally:
        connection.close()


@contextlib.contextmanager
def trained_home(seconds: float) -> Iterator[Path]:
    """A home with a sequence model of these packages."""
    with tempfile.TemporaryDirectory() as folder:
        home, source = Path(folder) / "home", Path(folder) / "source"
        for package in PACKAGES:
            library = Path(json.__file__).parents[1] / package
            shutil.copytree(library, source / package, ignore=shutil.ignore_patterns("__pycache__", "test*"))
        service = DLCodeGen(Settings(home=home, embedder="local"))
        service.train(source, TrainConfig.sequence(seconds=seconds))
        service.close()
        yield home


@contextlib.contextmanager
def serving(home: Path, workers: int, recycle_after: int = 0) -> Iterator[tuple[int, psutil.Process]]:
    """A real server; its port and its process. It is asked until all workers are likely to have answered once."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dlcodegen_core", "serve", "--port", str(port), "--workers", str(workers)]
    redis_url = os.environ.get("REDIS_URL", "")
    environment = Settings(home=home, embedder="local", redis_url=redis_url).for_a_child()
    with (home / "serve.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--recycle-after", str(recycle_after)], env=environment, stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not _answers(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit((home / "serve.log").read_text("utf-8", "replace")[-2000:])
            time.sleep(0.2)
        asyncio.run(load(port, Load(clients=4 * workers, seconds=5), Prompts(seed=1)))
        yield port, psutil.Process(server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def workers_of(server: psutil.Process) -> list[psutil.Process]:
    """The processes that answer, oldest first: of several workers the children, else the server itself."""
    children = [child for child in server.children() if _is_worker(child)]
    return sorted(children, key=lambda child: child.create_time()) or [server]


def _is_worker(child: psutil.Process) -> bool:
    try:
        return "resource_tracker" not in " ".join(child.cmdline())
    except psutil.Error:  # it has just ended
        return False


def rows(home: Path, seconds: float, clients: int) -> list[Row]:
    """One worker, two, and the first token of a stream."""
    found, rates = [], []
    for workers in (1, 2):
        with serving(home, workers) as (port, _server):
            outcome = asyncio.run(load(port, Load(clients * workers, seconds), Prompts()))
        rates.append(outcome.per_second)
        wanted = ">= 30/s, p95 <= 150 ms" if workers == 1 else ">= 1.8 times one"
        told = outcome.told() + ("" if workers == 1 else f"; {rates[1] / rates[0]:.2f} times one")
        found.append(Row(f"lines, {workers} worker(s), {clients * workers} clients", "-", wanted, told))
    with serving(home, 1) as (port, _server):
        outcome = asyncio.run(load(port, Load(1, seconds, stream=True), Prompts()))
    p50, p95 = median(outcome.first_tokens) * 1000, percentile(outcome.first_tokens, 0.95) * 1000
    found.append(Row("first streamed token, one client", "-", "p50 <= 30 ms", f"p50 {p50:.0f} ms, p95 {p95:.0f} ms"))
    return found


def slow_row(home: Path, seconds: float, clients: int, slow: int) -> Row:
    """What clients that dawdle cost the others."""

    async def measure(port: int) -> tuple[Outcome, Outcome]:
        alone = await load(port, Load(clients, seconds), Prompts())
        until = asyncio.Event()
        dawdling = asyncio.create_task(slow_clients(port, slow, until))
        await asyncio.sleep(2)
        beside = await load(port, Load(clients, seconds), Prompts(seed=2))
        until.set()
        await dawdling
        return alone, beside

    with serving(home, 1) as (port, _server):
        alone, beside = asyncio.run(measure(port))
    told = f"alone {alone.told()}; beside them {beside.told()}"
    return Row(f"{slow} clients that dawdle", "-", "the others are served as before", told)


def long_row(home: Path, minutes: float, clients: int, recycle_after: int) -> Row:
    """Two workers, recycled, one of them killed half-way: what failed, and the memory over time."""
    memory: list[float] = []

    async def measure(port: int, server: psutil.Process) -> tuple[Outcome, float]:
        killed_at = 0.0
        asking = asyncio.create_task(load(port, Load(clients, minutes * 60), Prompts()))
        began = time.monotonic()
        while not asking.done():
            await asyncio.sleep(5)
            with contextlib.suppress(psutil.Error):
                memory.append(max(worker.memory_info().rss for worker in workers_of(server)) / 1e6)
            if not killed_at and time.monotonic() - began > minutes * 30:
                killed_at = time.time()
                os.kill(workers_of(server)[0].pid, signal.SIGKILL)
        return await asking, killed_at

    with serving(home, 2, recycle_after) as (port, server):
        outcome, killed_at = asyncio.run(measure(port, server))
    at_the_kill = [what for at, what in outcome.failures if 0 <= at - killed_at < 1]
    others = [f"{at - killed_at:+.1f} s: {what}" for at, what in outcome.failures if not 0 <= at - killed_at < 1]
    step = max(1, len(memory) // 8)
    told = (
        f"{outcome.told()}; {len(at_the_kill)} of these at the kill, others: {others[:5] or 'none'}; "
        f"largest worker over time: {', '.join(f'{size:.0f}' for size in memory[::step])} MB"
    )
    what = f"{minutes:g} minutes, 2 workers replaced after about {recycle_after} requests, one killed"
    return Row(what, "-", "only what was in flight at the kill fails; flat memory", told)


def main() -> int:
    """Measure what is asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=30, help="of each measurement")
    parser.add_argument("--minutes", type=float, default=0, help="of the long run with recycling and a kill; 0: none")
    parser.add_argument("--slow", type=int, default=0, help="clients that dawdle; 0: not measured")
    parser.add_argument("--clients", type=int, default=2, help="that ask at once, for each worker")
    parser.add_argument("--train", type=float, default=15, help="seconds of training")
    parser.add_argument("--recycle-after", type=int, default=2000, dest="recycle_after")
    parser.add_argument("--home", type=Path, help="a home folder with a model, instead of training one")
    options = parser.parse_args()
    given = contextlib.nullcontext(options.home) if options.home else trained_home(options.train)
    with given as home:
        table = rows(home, options.seconds, options.clients) if options.seconds else []
        if options.slow:
            table.append(slow_row(home, options.seconds or 20, options.clients, options.slow))
        if options.minutes:
            table.append(long_row(home, options.minutes, 2 * options.clients, options.recycle_after))
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n")
    print_table(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
