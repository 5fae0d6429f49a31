"""The workbench as a browser meets it: first paint, reruns beside a training, live charts."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.report import Row, median, percentile

ROOT = Path(__file__).parents[1]
COLD_STARTS = 3
RERUNS = 40
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Notes when messages of the server arrive.
MESSAGES_JS = """
window.messageTimes = [];
window.WebSocket = class extends window.WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", () => window.messageTimes.push(performance.now()));
  }
};
"""
# Clicks a button and resolves to the milliseconds until the last message of the rerun that this starts.
RERUN_JS = """
(button) => new Promise((resolve) => {
  window.messageTimes.length = 0;
  const began = performance.now();
  const look = () => {
    const last = window.messageTimes.at(-1);
    if (last !== undefined && performance.now() - last > 150) resolve(last - began);
    else setTimeout(look, 20);
  };
  button.click();
  look();
})
"""
# Watches both charts for some seconds: how often the shown epoch changes, and how often a canvas is gone or empty.
WATCH_JS = r"""
(seconds) => new Promise((resolve) => {
  const canvases = () => [...document.querySelectorAll("canvas[data-zr-dom-id]")];
  const epoch = () => (document.body.innerText.match(/epoch (\d+) of/) || [])[1];
  let updates = 0, blank = 0, looks = 0, last = epoch();
  const began = performance.now();
  let ended = began;
  const timer = setInterval(() => {
    const now = epoch();
    if (now !== undefined) {
      looks += 1;
      ended = performance.now();
      if (now !== last) { updates += 1; last = now; }
      const shown = canvases();
      const pixels = (canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      const empty = (canvas) => !pixels(canvas).some((value) => value);
      if (shown.length < 2 || shown.some(empty)) blank += 1;
    }
    if (performance.now() - began > seconds * 1000) {
      clearInterval(timer);
      resolve({updates, blank, looks, seconds: (ended - began) / 1000});
    }
  }, 50);
})
"""


def page_rows() -> list[Row]:
    """All page figures, or one row that says why there are none."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        return [Row("pages", "-", "-", "not measured: no chromium on this machine")]
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        with tempfile.TemporaryDirectory() as home:
            with_torch = [_cold_start(browser, home, torch=True) for _ in range(COLD_STARTS + 1)][1:]
            without = [_cold_start(browser, home, torch=False) for _ in range(COLD_STARTS)]
            rows = [
                Row(
                    "cold start to the first heading of Home",
                    "-",
                    "<= 3 s, no slower than without torch",
                    f"{median(with_torch):.2f} s, without torch {median(without):.2f} s",
                )
            ]
            rows += _beside_a_training(browser, home)
        browser.close()
    return rows


def _cold_start(browser: Any, home: str, torch: bool) -> float:
    """Seconds from starting the server process to the first heading."""
    began = time.monotonic()
    with _server(home, torch) as url:
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(url)
        page.wait_for_selector("h1", timeout=60_000)
        seconds = time.monotonic() - began
        page.close()
    return seconds


def _beside_a_training(browser: Any, home: str) -> list[Row]:
    with _server(home, torch=True) as url:
        trainer = browser.new_page(viewport={"width": 1280, "height": 1400})
        trainer.goto(f"{url}/train")
        trainer.get_by_text("Custom", exact=True).click()
        epochs = trainer.get_by_role("spinbutton", name="Epochs")
        epochs.fill("2000")
        epochs.press("Enter")
        time.sleep(8)  # let the server warm up as it would before anybody trains
        trainer.get_by_role("button", name="Train", exact=True).click()
        trainer.wait_for_selector("text=/Learning: epoch/", timeout=120_000)
        watched = trainer.evaluate(WATCH_JS, 6)
        visitor = browser.new_page(viewport={"width": 1280, "height": 860})
        visitor.add_init_script(MESSAGES_JS)
        visitor.goto(f"{url}/performance")
        button = visitor.get_by_role("button", name="Clear predictions")
        button.wait_for(timeout=30_000)
        time.sleep(1)
        reruns = [visitor.evaluate(RERUN_JS, button.element_handle()) for _ in range(RERUNS)]
        trainer.get_by_role("button", name="Discard").click()
        time.sleep(2)
        visitor.close()
        trainer.close()
    per_second = watched["updates"] / watched["seconds"]
    return [
        Row(
            "another visitor's rerun while a training runs, click to last message",
            "-",
            "<= 60 ms p50",
            f"{median(reruns):.0f} ms p50, {percentile(reruns, 0.95):.0f} ms p95",
        ),
        Row(
            "live charts",
            "-",
            ">= 2 updates a second, no blank frame",
            f"{per_second:.1f} a second, {watched['blank']} blank of {watched['looks']} looks",
        ),
    ]


@contextlib.contextmanager
def _server(home: str, torch: bool) -> Iterator[str]:
    """The workbench on a free port; torch=False hides the package from it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "DLCODEGEN_HOME": home, "DLCODEGEN_EMBEDDER": "local"}
    with tempfile.TemporaryDirectory() as shadow:
        if not torch:
            (Path(shadow) / "torch.py").write_text("raise ImportError('hidden for a measurement')\n")
            environment["PYTHONPATH"] = shadow
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
        with Path(os.devnull).open("w") as silent:
            server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=silent, stderr=silent)
            try:
                url = f"http://127.0.0.1:{port}"
                _wait_for(url)
                yield url
            finally:
                server.terminate()
                server.wait(20)


def _wait_for(url: str) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"{url} does not answer")
