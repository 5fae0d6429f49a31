"""What is connected to is told, and offline nothing outside this machine is: with real sockets, in real processes."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core import outbound
from dlcodegen_core.config import Settings
from dlcodegen_core.data.intake.git_clone import clone
from dlcodegen_core.errors import OfflineError
from dlcodegen_core.storage.database import open_database

OUTSIDE = "192.0.2.1"  # of a network that is kept for documents (RFC 5737): nobody is there


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def offline(tmp_path: Path) -> Iterator[outbound.Connections]:
    yield outbound.watch(Settings(home=tmp_path / "home", offline=True))
    outbound.watch(Settings(home=tmp_path / "home"))


def _connect(host: str, port: int) -> None:
    with socket.socket() as one:
        one.settimeout(0.05)
        one.connect((host, port))


def test_a_connection_on_this_machine_is_counted_and_told_apart(tmp_path: Path, listening: int) -> None:
    known = outbound.watch(Settings(home=tmp_path))
    for _ in range(2):
        _connect("127.0.0.1", listening)
    [found] = [one for one in known.destinations() if one.port == listening]
    assert (found.host, found.is_here, found.connections, found.refused) == ("127.0.0.1", True, 2, 0)


def test_a_connection_to_another_machine_is_told_under_the_name_that_was_asked_for(tmp_path: Path) -> None:
    known = outbound.Connections(now=lambda: 5.0)
    known.look_up("Models.Example.org", 443)
    known.contact(known.named(OUTSIDE, 443), 443)
    known.contact(known.named(OUTSIDE, 80), 80)
    assert {(one.host, one.port) for one in known.destinations()} == {
        ("models.example.org", outbound.LOOK_UP), ("models.example.org", 443), (OUTSIDE, 80),
    }  # fmt: skip
    assert not any(one.is_here for one in known.destinations())


def test_the_table_of_destinations_stays_small_and_keeps_the_latest() -> None:
    moments = iter(range(10**6))
    known = outbound.Connections(now=lambda: next(moments))
    for port in range(1, 301):
        known.contact(OUTSIDE, port)
    assert len(known.destinations()) == outbound.DESTINATIONS_KEPT
    assert known.destinations()[0].port == 300


def test_offline_refuses_another_machine_with_a_sentence_and_allows_this_one(
    offline: outbound.Connections, listening: int
) -> None:
    _connect("127.0.0.1", listening)
    with pytest.raises(OfflineError, match=rf"is offline .* does not connect to {OUTSIDE}:443"):
        _connect(OUTSIDE, 443)
    with pytest.raises(OfflineError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"x", (OUTSIDE, 53))
    with pytest.raises(OfflineError, match=r"example.org \(name look-up\)"):
        socket.getaddrinfo("example.org", 443)
    assert socket.getaddrinfo("localhost", 80)
    found = next(one for one in offline.destinations() if (one.host, one.port) == (OUTSIDE, 443))
    assert (found.connections, found.refused) == (0, 1)


def test_offline_also_holds_for_what_connects_without_python(offline: outbound.Connections, tmp_path: Path) -> None:
    with pytest.raises(OfflineError, match=r"github.com:443"):
        clone("https://github.com/nobody/nothing", tmp_path / "clone")
    assert not (tmp_path / "clone").exists()
    with pytest.raises(OfflineError, match=rf"{OUTSIDE}:5433"):
        open_database(f"postgresql+psycopg://user:secret@{OUTSIDE}:5433/db").connect()


def test_offline_is_found_behind_the_errors_of_a_library(offline: outbound.Connections) -> None:
    import httpx

    with pytest.raises(httpx.ConnectError) as caught:
        httpx.get(f"http://{OUTSIDE}:1/", trust_env=False)
    assert "The workbench is offline" in outbound.offline_reason(caught.value)
    assert outbound.offline_reason(ValueError()) == ""


def test_a_child_process_is_offline_too_and_its_parent_hears_what_it_tried(
    tmp_path: Path, offline: outbound.Connections
) -> None:
    code = f"""
import socket
from dlcodegen_core import DLCodeGen
DLCodeGen.get_instance()
try:
    socket.create_connection(("{OUTSIDE}", 443), 0.05)
except OSError as exc:
    print(exc)
"""
    environment = Settings(home=tmp_path / "home", embedder="local", offline=True).for_a_child()
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert "The workbench is offline" in done.stdout
    [told] = offline.elsewhere()
    assert (told.host, told.port, told.refused) == (OUTSIDE, 443, True)
    assert told.process != os.getpid()


def test_a_damaged_line_of_the_journal_is_passed_over(offline: outbound.Connections) -> None:
    assert offline.journal is not None
    with pytest.raises(OfflineError):
        offline.contact(OUTSIDE, 7)
    written = json.loads(offline.journal.read_text().splitlines()[-1])
    foreign = json.dumps({**written, "process": -1})
    offline.journal.write_text(f'{foreign[:-9]}\n[]\n{{"host": 1}}\n{foreign}\n')
    assert [one.port for one in offline.elsewhere()] == [7]


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("localhost", True), ("LOCALHOST.", True), ("a.localhost", True),
        ("::1", True), ("[::1]", True), ("::ffff:127.0.0.1", True), ("0.0.0.0", True), ("::1%lo", True),
        ("10.0.0.1", False), ("::ffff:10.0.0.1", False), ("127.0.0.1.nip.io", False), ("localhost.evil.org", False),
        ("2130706433", False), ("fe80::1%eth0", False), ("example.org", False),
    ],
)  # fmt: skip
def test_only_what_can_be_nothing_else_is_this_machine(host: str, here: bool) -> None:
    assert outbound.is_this_machine(host) is here


@given(st.text())
def test_any_text_is_a_host_or_not(text: str) -> None:
    assert outbound.is_this_machine(text) in (True, False)


def test_the_places_follow_from_the_settings(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path, chroma_host="[::1]", chroma_port=81, redis_url="redis://:secret@cache.example.org/0",
        database_url="postgresql+psycopg://u:secret@db.example.org/x",
    )  # fmt: skip
    found = {place.title: (place.host, place.port, place.is_here) for place in outbound.places(settings)}
    assert found == {
        "Ollama": ("localhost", 11434, True), "Chroma": ("[::1]", 81, True),
        "Redis": ("cache.example.org", 6379, False),
        "Database": ("db.example.org", 5432, False), "Git servers": ("", 443, False),
    }  # fmt: skip
    assert [place.title for place in outbound.places(Settings(home=tmp_path, embedder="local"))] == ["Git servers"]
    ollama = outbound.places(settings)[0]
    assert ollama.is_of(outbound.Destination("127.0.0.1", 11434, True, 1, 0, 0.0))
    assert not ollama.is_of(outbound.Destination("other.example.org", 11434, False, 1, 0, 0.0))
