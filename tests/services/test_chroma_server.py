"""The index on a real Chroma server, started here on a free port; skipped where it cannot start."""

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.errors import RetrievalError
from dlcodegen_core.retrieval import IndexStatus
from dlcodegen_core.retrieval.chroma import Chroma
from dlcodegen_core.storage.database import open_database
from tests.retrieval.contract import CONTRACT, PAIRS, Workplace, silent, targets

pytestmark = pytest.mark.service
STARTS_WITHIN_SECONDS = 60


class Server:
    """A server that can be stopped and started again."""

    def __init__(self, command: str, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._folder = folder
        self._command = [
            command,
            "run",
            "--path",
            str(folder / "data"),
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "chroma.log").open("wb") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=self._folder)
        end = time.monotonic() + STARTS_WITHIN_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(f"http://127.0.0.1:{self.port}/api/v2/heartbeat").raise_for_status()
                return
            time.sleep(0.05)
        self.stop()
        pytest.skip(f"Chroma does not start here: {(self._folder / 'chroma.log').read_text('utf-8', 'replace')[-300:]}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    command = shutil.which("chroma", path=Path(sys.executable).parent)
    if command is None:
        pytest.skip("the command chroma is not installed beside this Python")
    server = Server(command, tmp_path_factory.mktemp("chroma"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def place(server: Server, tmp_path: Path) -> Iterator[Workplace]:
    engine = open_database(f"sqlite:///{tmp_path / 'workbench.sqlite'}")
    yield Workplace(DatasetStore(engine), tmp_path / "locks", lambda: Chroma(tmp_path, "127.0.0.1", server.port))
    engine.dispose()


@pytest.mark.parametrize("rule", CONTRACT, ids=lambda rule: rule.__name__)
def test_a_server_keeps_the_contract(place: Workplace, rule: Callable[[Workplace], None]) -> None:
    rule(place)
    assert not list(place.folder.parent.rglob("chroma.sqlite3")), "nothing is kept on this side"


def test_a_server_that_goes_away_is_told_and_found_again(place: Workplace, server: Server) -> None:
    place.store.create("d", PAIRS)
    index = place.index()
    index.build("d", silent)
    server.stop()
    for ask in (lambda: index.state("d"), lambda: index.build("d", silent), lambda: index.nearest("d", "file", 1)):
        with pytest.raises(RetrievalError, match=r"ChromaDB at 127\.0\.0\.1:\d+ did not .*Start it there"):
            ask()
    server.start()
    assert index.state("d").status is IndexStatus.CURRENT
    assert targets(index, "close the file", 1) == ["f.close()"]


def test_a_server_that_goes_away_in_the_middle_of_a_build_leaves_a_half_one(place: Workplace, server: Server) -> None:
    place.store.create("d", PAIRS)
    index = place.index()

    def stop(what: str, _done: int, _total: int) -> None:
        if what == "building the index":
            server.stop()

    with pytest.raises(RetrievalError, match="Start it there"):
        index.build("d", stop)
    server.start()
    assert index.state("d").status is IndexStatus.HALF_BUILT
    assert index.build("d", silent).status is IndexStatus.CURRENT
    assert targets(index, "close the file", 1) == ["f.close()"]
