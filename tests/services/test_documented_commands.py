"""Every command and program of docs/http-api.md and docs/editors.md does what it says, against a real server."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.services.served import server

DOCS = Path(__file__).parents[2] / "docs"
SECONDS = 60
PAIRS = {
    "inputs": [f"def double_{number}(x):\n    return" for number in range(40)],
    "targets": [f" {number} * x" for number in range(40)],
}

pytestmark = [pytest.mark.service]


@dataclass(frozen=True)
class Block:
    """A block of code in a document, and the line that it begins on."""

    document: str
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def _blocks(*languages: str) -> list[Block]:
    found = []
    for document in ("http-api.md", "editors.md"):
        text = (DOCS / document).read_text("utf-8")
        for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            if match[1] in languages:
                found.append(Block(document, text.count("\n", 0, match.start()) + 1, match[1], match[2]))
    return found


@pytest.fixture(scope="module")
def address(sequence_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over a copy of the home: what is documented changes it."""
    home = tmp_path_factory.mktemp("documented") / "home"
    shutil.copytree(sequence_home, home)
    (home / "pairs.json").write_text(json.dumps(PAIRS), "utf-8")
    with server(home) as address:
        yield address


def _run(command: list[str], code: str, tmp_path: Path) -> str:
    done = subprocess.run(command, input=code, capture_output=True, text=True, timeout=SECONDS, cwd=tmp_path)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def _here(block: Block, address: str) -> str:
    code, count = re.subn(r"http://127\.0\.0\.1:(8501|8600)", address, block.code)
    assert count, "the block names no address of ours"
    return code


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
@pytest.mark.parametrize("block", _blocks("bash"), ids=str)
def test_a_command_is_answered(block: Block, address: str, tmp_path: Path) -> None:
    code = _here(block, address).replace("curl ", "curl --fail-with-body --max-time 30 ")
    answered = _run(["bash", "-euo", "pipefail"], code, tmp_path)
    assert '"error"' not in answered
    if "-N" in block.code:
        assert answered.startswith("data: {")
    elif "/v1/events" not in block.code:  # which answers with nothing
        assert isinstance(json.loads(answered), dict)


@pytest.mark.parametrize("block", _blocks("python"), ids=str)
def test_a_program_runs(block: Block, address: str, tmp_path: Path) -> None:
    assert _run([sys.executable, "-"], _here(block, address), tmp_path)


@pytest.mark.parametrize("block", _blocks("yaml", "json", "toml"), ids=str)
def test_settings_to_paste_can_be_read_and_lead_to_the_workbench(block: Block) -> None:
    read = {"yaml": yaml.safe_load, "json": json.loads, "toml": tomllib.loads}[block.language]
    assert "http://127.0.0.1:8501" in json.dumps(read(block.code))


@pytest.mark.skipif(shutil.which("vim") is None, reason="there is no vim")
@pytest.mark.parametrize("block", _blocks("vim"), ids=str)
def test_vim_reads_the_settings_for_it(block: Block, tmp_path: Path) -> None:
    settings, told = tmp_path / "vimrc", tmp_path / "told"
    kept = "\n".join(line for line in block.code.splitlines() if not line.startswith("Plug "))
    settings.write_text(f"set nocompatible\n{kept}\ncall writefile([json_encode(g:llama_config)], '{told}')\nqall!\n")
    subprocess.run(
        ["vim", "-u", str(settings), "-i", "NONE", "-n", "-es"],
        env={**os.environ, "HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        timeout=SECONDS,
        check=False,  # Vim's status tells nothing in this mode
    )
    assert json.loads(told.read_text("utf-8"))["endpoint_fim"] == "http://127.0.0.1:8501/infill"
