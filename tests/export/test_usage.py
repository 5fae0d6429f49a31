"""The lines to be copied really run, with nothing of this program on the path."""

import subprocess
import sys

import pytest

from dlcodegen_core.export.formats import FORMATS
from dlcodegen_core.export.onnx_file import onnx_model
from dlcodegen_core.export.usage import usage
from dlcodegen_core.models.saved_model import export_weights, load_card


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("file_format", ["onnx", "safetensors"])
def test_the_lines_run_beside_the_file(versions, tmp_path, version, file_format):
    file = f"{version}{FORMATS[file_format].suffix}"
    if file_format == "onnx":
        (tmp_path / file).write_bytes(onnx_model(versions / version).SerializeToString())
    else:
        export_weights(versions / version, file_format, tmp_path / file)
    lines = usage(load_card(versions / version), file_format, file)
    assert len(lines.strip().splitlines()) <= 7
    done = subprocess.run(
        [sys.executable, "-I", "-c", lines], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_the_lines_for_pytorch_load_without_unpickling_code(versions, tmp_path, monkeypatch, capsys):
    export_weights(versions / "v1", "pt", tmp_path / "v1.pt")
    monkeypatch.chdir(tmp_path)
    exec(usage(load_card(versions / "v1"), "pt", "v1.pt"), {})
    assert "output.weight (8, 24)" in capsys.readouterr().out


def test_a_bundle_is_for_another_workbench(versions):
    assert usage(load_card(versions / "v1"), "bundle", "v1.zip") == ""
