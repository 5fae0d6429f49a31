"""The command line as a person's shell and another program meet it: what it prints, where, and how it exits."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from dlcodegen_core.config import Settings, TrainConfig
from dlcodegen_core.data.demo import EXAMPLE_PAIRS
from dlcodegen_core.data.formats import write_dataset
from dlcodegen_core.models import base_model
from dlcodegen_core.service import DLCodeGen

pytestmark = pytest.mark.service

TIMEOUT_SECONDS = 100
ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "DLCODEGEN_HOME": str(home), "DLCODEGEN_EMBEDDER": "local", "PYTHONWARNINGS": "error"}


def _run(home: Path, *arguments: str | Path, typed: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "dlcodegen_core", *map(str, arguments)]
    return subprocess.run(
        command, env=_environment(home), cwd=ROOT, input=typed, capture_output=True, text=True, timeout=TIMEOUT_SECONDS
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("data") / "data.json"
    file.write_bytes(write_dataset(EXAMPLE_PAIRS))
    return file


@pytest.fixture(scope="module")
def training(data: Path, tmp_path_factory: pytest.TempPathFactory) -> "tuple[Path, subprocess.CompletedProcess[str]]":
    """A home with one version, and what the command that trained it said."""
    home = tmp_path_factory.mktemp("trained") / "home"
    return home, _run(home, "train", data, "--epochs", "2", "--name", "mine", "--json")


@pytest.fixture
def trained(training: "tuple[Path, subprocess.CompletedProcess[str]]") -> Run:
    """Run a command on a home with one version."""
    return lambda *arguments, **options: _run(training[0], *arguments, **options)


@pytest.fixture
def empty(tmp_path: Path) -> Run:
    """Run a command on a home that does not exist yet."""
    return lambda *arguments, **options: _run(tmp_path / "home", *arguments, **options)


def _answer(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """The JSON object on the last line of a command that succeeded."""
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(answer, dict)
    return answer


def _assert_failed(done: "subprocess.CompletedProcess[str]", told: str) -> None:
    """Exit status 1, the error as JSON on stdout and as a sentence on stderr, and never a stack trace."""
    assert done.returncode == 1
    error = json.loads(done.stdout.splitlines()[-1])["error"]
    assert told in error
    assert done.stderr.splitlines()[-1] == f"Error: {error}"
    assert "Traceback" not in done.stderr + done.stdout


def test_train_prints_the_metrics_as_one_json_object(
    training: "tuple[Path, subprocess.CompletedProcess[str]]",
) -> None:
    home, done = training
    answer = _answer(done)
    assert done.stdout.count("\n") == 1, "nothing but the result is on stdout"
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "seconds", "version"} <= set(answer)
    assert (answer["version"], answer["epochs"]) == ("v1", 2)
    card = DLCodeGen(Settings(home=home, embedder="local")).versions.card("v1")
    assert (card.name, card.dataset, card.config) == ("mine", "data", TrainConfig(epochs=2))


def test_trains_progress_goes_to_stderr(training: "tuple[Path, subprocess.CompletedProcess[str]]") -> None:
    _home, done = training
    assert all(phase in done.stderr for phase in ("embedding", "fitting", "saving"))


def test_predict_prints_the_prediction(trained: Run) -> None:
    answer = _answer(
        trained("predict", "--prompt", "async function fetchData", "--context", "import axios from 'axios'", "--json")
    )
    assert set(answer) == {"completion", "confidence", "features", "candidates", "latency_ms", "cached", "version"}
    assert len(answer["features"]) == 544
    assert answer["completion"] == answer["candidates"][0]["text"]
    assert (answer["version"], answer["cached"]) == ("v1", False)


def test_predict_for_people_puts_the_completion_alone_on_stdout(trained: Run) -> None:
    done = trained("predict", "--prompt", "-", "--beams", "1", typed="def async fetch_data(url):\n")
    answer = _answer(trained("predict", "--prompt", "def async fetch_data(url):\n", "--beams", "1", "--json"))
    assert done.returncode == 0
    assert done.stdout == answer["completion"] + "\n"
    assert "v1, confidence" in done.stderr


def test_explain_prints_what_pushed_the_model_to_its_answer(trained: Run) -> None:
    answer = _answer(trained("explain", "--prompt", "async function fetchData", "--json"))
    assert (answer["version"], answer["model"]) == ("v1", "deepcodenet")
    assert len(answer["pushes"]["groups"]) == 4 and answer["pushes"]["dimensions"]
    assert "no stored dataset" in answer["nearest"]["note"]
    assert set(answer["latency_ms"]) == {"prediction", "explanation", "nearest pairs"}


def test_evaluate_prints_the_measures(trained: Run, data: Path) -> None:
    answer = _answer(trained("evaluate", data, "--version", "v1", "--json"))
    assert (answer["version"], answer["pairs"], answer["samples"]) == ("v1", 3, 5)
    assert 0 <= answer["accuracy"] <= answer["top_5_accuracy"] <= 1


@pytest.mark.parametrize(
    ("file_format", "load"), [("safetensors", load_file), ("pt", lambda path: torch.load(path, weights_only=True))]
)
def test_export_writes_a_file_that_loads(
    trained: Run, tmp_path: Path, file_format: str, load: Callable[[Path], dict[str, torch.Tensor]]
) -> None:
    out = tmp_path / f"weights.{file_format}"
    answer = _answer(trained("export", "--version", "v1", "--format", file_format, "--out", out, "--json"))
    assert answer == {"version": "v1", "path": str(out), "size_bytes": out.stat().st_size}
    assert load(out)["output.weight"].shape[1] == 64


def test_export_of_onnx_tells_what_its_check_found(trained: Run, tmp_path: Path) -> None:
    out = tmp_path / "v1.onnx"
    answer = _answer(trained("export", "--version", "v1", "--format", "onnx", "--out", out, "--json"))
    assert answer["size_bytes"] == out.stat().st_size == answer["certificate"]["full"]["size_bytes"]
    assert "answers as PyTorch does" in answer["certificate"]["verdict"]
    assert (tmp_path / "v1.onnx.certificate.json").is_file()


def test_a_stored_dataset_is_trained_by_its_name(tmp_path: Path) -> None:
    home = tmp_path / "home"
    DLCodeGen(Settings(home=home, embedder="local")).datasets.create("my pairs", EXAMPLE_PAIRS)
    answer = _answer(_run(home, "train", "my pairs", "--epochs", "1", "--hidden-layers", "8", "4", "--json"))
    card = DLCodeGen(Settings(home=home, embedder="local")).versions.card(answer["version"])
    assert (card.dataset, card.dataset_revision, card.config.hidden_layers) == ("my pairs", 1, (8, 4))


def test_ctrl_c_ends_a_training_and_keeps_what_it_learned(data: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    arguments = ["train", str(data), "--epochs", "10000", "--hidden-layers", "64", "32", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "dlcodegen_core", *arguments],
        env=_environment(home),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        events = home / "jobs" / "000001" / "events.jsonl"
        while not (events.exists() and b'"epoch"' in events.read_bytes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=TIMEOUT_SECONDS)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, stderr
    assert json.loads(stdout.splitlines()[-1])["version"] == "v1"
    assert "Traceback" not in stderr


@pytest.fixture(scope="module")
def bad_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    file = tmp_path_factory.mktemp("bad") / "bad.json"
    file.write_text('{"inputs": ["a", "b"], "targets": ["x"]}')
    yield file


def test_a_bad_dataset_file_is_told_by_its_name(empty: Run, bad_data: Path) -> None:
    _assert_failed(empty("train", bad_data, "--json"), "bad.json: the arrays must be of equal length")
    _assert_failed(empty("train", "nowhere.json", "--json"), "nowhere.json does not exist")


def test_an_option_out_of_range_is_told(empty: Run, data: Path) -> None:
    _assert_failed(empty("train", data, "--epochs", "0", "--json"), "epochs is 0, use 1 to 10000")
    _assert_failed(empty("train", data, "--seconds", "nan", "--json"), "seconds is nan")


def test_before_a_training_the_base_model_answers_where_there_is_one(empty: Run) -> None:
    done = empty("predict", "--prompt", "import os\nimport ", "--suffix", "\n\nos.getcwd()\n", "--json")
    if base_model.is_there():
        assert _answer(done)["version"] == "base"
    else:
        _assert_failed(done, "There is no trained model yet. Train one")


def test_a_version_that_is_not_there_is_told(empty: Run, tmp_path: Path) -> None:
    _assert_failed(empty("predict", "--prompt", "x", "--version", "v1", "--json"), "There is no model version 'v1'")
    out = str(tmp_path / "out")
    _assert_failed(empty("export", "--version", "v1", "--out", out, "--json"), "There is no model version 'v1'")


def test_an_error_for_people_is_a_sentence_on_stderr_alone(empty: Run) -> None:
    done = empty("predict", "--prompt", " ")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: The prompt is empty. Type the code that should be completed.\n"


def test_a_setting_that_is_wrong_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dlcodegen_core", "predict", "--prompt", "def f", "--json"]
    environment = {**_environment(tmp_path), "DLCODEGEN_EMBEDDER": "cloud"}
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )
    _assert_failed(done, "DLCODEGEN_EMBEDDER is 'cloud'. Set it to one of: auto, ollama, local.")


@pytest.mark.parametrize(
    "arguments", [(), ("train",), ("fly",), ("predict", "--json"), ("export", "--out", "x", "--format", "pickle")]
)
def test_wrong_usage_exits_with_2_and_shows_the_usage(empty: Run, arguments: tuple[str, ...]) -> None:
    done = empty(*arguments)
    assert done.returncode == 2
    assert "usage: python -m dlcodegen_core" in done.stderr and done.stdout == ""


@pytest.mark.parametrize("arguments", [("--help",), ("train", "--help")])
def test_help_comes_without_torch_and_touches_no_disk(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code = """
import sys
from dlcodegen_core.cli import main
try:
    main(sys.argv[1:])
except SystemExit as exc:
    print(exc.code, "torch" in sys.modules, "numpy" in sys.modules, file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=_environment(tmp_path / "home"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
    assert done.stdout.startswith("usage: python -m dlcodegen_core")
    assert done.stderr.split() == ["0", "False", "False"]
    assert not (tmp_path / "home").exists()
