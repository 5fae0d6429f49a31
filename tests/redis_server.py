"""A real Redis for the tests and the benchmark: started on a free port, empty, and ended with them."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STARTS_WITHIN_SECONDS = 20
HOW_TO_GET_IT = "no redis-server on this machine: on Debian and Ubuntu, apt-get install redis-server"


class RedisServer:
    """A server that keeps nothing on disk; it can be killed, started again, and held still."""

    def __init__(self, command: str, folder: Path, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._folder = folder
        self._command = [
            command, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", *options,
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        with (self._folder / "redis.log").open("wb") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=self._folder)
        end = time.monotonic() + STARTS_WITHIN_SECONDS
        while time.monotonic() < end:
            try:
                if self.say("PING").startswith(("+PONG", "-NOAUTH")):
                    return
            except OSError:
                time.sleep(0.01)
        raise TimeoutError(f"Redis does not start: {(self._folder / 'redis.log').read_text('utf-8', 'replace')}")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)

    def pause(self) -> None:
        """Hold it still: connections are taken, and nothing is answered."""
        os.kill(self._started().pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self._started().pid, signal.SIGCONT)

    def say(self, command: str) -> str:
        """The first line of the answer to a command without quotes in it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(f"{command}\r\n".encode())
            return connection.makefile("rb").readline().decode()

    def _started(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process


def redis_command() -> str | None:
    return shutil.which("redis-server")


@contextmanager
def running_redis(command: str, folder: Path, *options: str) -> Iterator[RedisServer]:
    server = RedisServer(command, folder, *options)
    try:
        server.start()
        yield server
    finally:
        server.kill()
