"""llama.vim itself, in Vim, against a server of ours: a suggestion is shown, accepted with Tab, and stands in the file.

LLAMA_VIM names a checkout of the plugin (github.com/ggml-org/llama.vim); without one, or without Vim, what it sends is
replayed in tests/serving/test_llama_cpp_routes.py alone.
"""

import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import httpx
import pytest

PLUGIN = os.environ.get("LLAMA_VIM", "")

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(not PLUGIN, reason="LLAMA_VIM names no checkout of llama.vim"),
    pytest.mark.skipif(not shutil.which("vim") or not shutil.which("curl"), reason="there is no vim, or no curl"),
]

SECONDS = 20
STATISTICS = re.compile(r"p: \d+ \([\d.]+ ms, [\d.]+ t/s\) \| g: (\d+) \(([\d.]+) ms")
SOURCE = "import json\n\n\ndef load(path):\n    with open(path) as file:\n        return json.\n\n\nload('a')\n"
SETTINGS = """
set nocompatible nomore shortmess+=I
let g:llama_config = {{
    \\ 'endpoint_fim': '{address}/infill', 'show_info': 2, 'n_predict': 24, 'ring_n_chunks': 16, 'ring_update_ms': 200,
    \\ 'stop_strings': ["\\n"]}}
set runtimepath+={plugin}
"""


class Vim:
    """Vim on a terminal of its own."""

    def __init__(self, folder: Path, address: str) -> None:
        settings = folder / "vimrc"
        settings.write_text(SETTINGS.format(address=address, plugin=PLUGIN))
        self.file = folder / "source.py"
        self.file.write_text(SOURCE)
        self._terminal, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "LINES": "40", "COLUMNS": "200", "HOME": str(folder)}
        self.process = subprocess.Popen(
            ["vim", "-u", str(settings), "-i", "NONE", "-n", str(self.file)],
            stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=folder,
        )  # fmt: skip
        os.close(theirs)
        self.shown = ""

    def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def read(self, seconds: float) -> str:
        """All that was drawn so far, after drawing for a while longer."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and select.select([self._terminal], [], [], left)[0]:
            try:
                self.shown += os.read(self._terminal, 65_536).decode("utf-8", "replace")
            except OSError:  # Vim has ended
                break
        return self.shown

    def wait_for(self, pattern: re.Pattern[str]) -> re.Match[str]:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            if found := pattern.search(self.read(0.1)):
                return found
        raise AssertionError(f"Vim never showed {pattern.pattern!r}: {self.shown[-1500:]!r}")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._terminal)


def test_a_suggestion_is_shown_with_its_statistics_and_tab_takes_it(sequence_server: str, tmp_path: Path) -> None:
    vim = Vim(tmp_path, sequence_server)
    try:
        vim.read(1.0)
        vim.type("6GA")
        statistics = vim.wait_for(STATISTICS)
        assert int(statistics[1]) > 0 and float(statistics[2]) > 0
        vim.type("\t")
        vim.read(0.5)
        vim.type("\x1b:wq\r")
        vim.read(SECONDS)
        assert vim.process.wait(SECONDS) == 0
    finally:
        vim.close()
    line = vim.file.read_text().split("\n")[5]
    assert line.startswith("        return json.") and len(line) > len("        return json.")
    prefix, rest = SOURCE[: SOURCE.index("        return")], SOURCE[SOURCE.index("json.\n") + 5 :]
    body = {
        "input_prefix": prefix,
        "prompt": "        return json.",
        "input_suffix": rest,
        "stop": ["\n"],
        "n_predict": 24,
    }
    same = httpx.post(f"{sequence_server}/infill", json=body, trust_env=False).json()
    assert line == f"        return json.{same['content']}"
    assert "E806" not in vim.shown and "Error" not in vim.shown
