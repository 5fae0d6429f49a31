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
from playwright.sync_api import expect, sync_playwright

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


@pytest.fixture(scope="module")
def browser():
    """One Chromium a file. While playwright is open an event loop counts as running in this thread, and no test of
    another file that happens to follow could start one of its own.
    """
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: on Debian and Ubuntu, apt-get install chromium")
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
    expect.set_options(timeout=60_000)
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(120_000)
    yield opened
    opened.close()


def settled(page):
    """Wait until no script runs. What it sent may still be on its way to the screen: ask with `expect`, which waits."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    return page


def steady_box(page, locator):
    """Where the element lies, in pixels, once it has stayed there for a third of a second."""
    before = None
    for _ in range(100):
        box = locator.bounding_box()
        if box is not None and box == before:
            return box
        before = box
        page.wait_for_timeout(300)
    raise TimeoutError(f"{locator} does not come to rest")
