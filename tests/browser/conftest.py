"""A real server and a real Chromium; skipped in one line where there is none."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(item.fspath).parent == Path(__file__).parent:
            item.add_marker("browser")
            item.add_marker(pytest.mark.timeout(400))  # a slow machine is no failure


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: on Debian and Ubuntu, apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        launched = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


class Workbench:
    """A server process on a home folder, which outlives it."""

    def __init__(self, home):
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        environment = {**os.environ, "DLCODEGEN_HOME": str(self.home), "DLCODEGEN_EMBEDDER": "local"}
        log = (self.home.parent / "server.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        for _ in range(300):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/health", timeout=2):
                return self
            time.sleep(0.1)
        raise TimeoutError((self.home.parent / "server.log").read_text())

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def kill(self):
        self.process.kill()
        self.process.wait(30)


@pytest.fixture
def workbench(tmp_path, browser):
    running = Workbench(tmp_path / "home").start()
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture(scope="module")
def shared_workbench(tmp_path_factory, browser):
    """One server for all tests that change nothing."""
    running = Workbench(tmp_path_factory.mktemp("shared") / "home").start()
    yield running
    running.stop()


@pytest.fixture
def page(browser):
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(120_000)
    yield opened
    opened.close()


def settled(page):
    """Wait until no script runs."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    return page
