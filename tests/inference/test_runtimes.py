"""One contract for both runtimes: the same prompts get the same answers, as sure of them to four digits."""

import subprocess
import sys

import pytest

from dlcodegen_core.config import Settings
from dlcodegen_core.features.embedders import Embedders
from dlcodegen_core.features.local_embedder import LocalEmbedder
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.inference.predictor import Predictor
from dlcodegen_core.registry.versions import VersionStore
from tests.export.small_versions import PAIRS, TEXTS, save_deepcodenet, save_sequence

LINES = [text[: 300 * number] for text in TEXTS for number in (1, 2, 5)]


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """Of a home with a version of each kind."""
    settings = Settings(home=tmp_path_factory.mktemp("runtimes"), embedder="local")
    save_deepcodenet(settings.versions_folder / "v1", embedder=LocalEmbedder().identity)
    save_sequence(settings.versions_folder / "v2")
    return settings


@pytest.fixture(scope="module")
def predictors(settings):
    embedders, versions = Embedders(settings), VersionStore(settings.versions_folder)
    yield {runtime: Predictor(versions, embedders, runtime=runtime) for runtime in ("numpy", "onnx")}
    embedders.close()


@pytest.mark.parametrize(
    ("version", "prompts", "options"),
    [
        ("v1", [pair.prompt for pair in PAIRS[::4]], {"beams": 4, "max_tokens": 3}),
        ("v2", LINES, {"beams": 4, "max_tokens": 8, "stop": ("\n",)}),
        ("v2", LINES[:3], {"temperature": 0.7, "seed": 3, "max_tokens": 4}),
    ],
)
def test_both_runtimes_give_the_same_answers(predictors, version, prompts, options):
    for prompt in prompts:
        one, other = (predictors[name].predict(PredictionRequest(prompt, **options), version) for name in predictors)
        assert other.completion == one.completion
        assert [each.text for each in other.candidates] == [each.text for each in one.candidates]
        for mine, theirs in zip(other.candidates, one.candidates, strict=True):
            assert mine.confidence == pytest.approx(theirs.confidence, abs=1e-4)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_process_that_answers_on_onnx_runtime_has_no_pytorch(settings, version):
    code = """
import sys
from dlcodegen_core.config import Settings
from dlcodegen_core.inference.predictor import Predictor
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.features.embedders import Embedders
from dlcodegen_core.registry.versions import VersionStore
settings = Settings.from_environment()
predictor = Predictor(VersionStore(settings.versions_folder), Embedders(settings), runtime="onnx")
print(predictor.predict(PredictionRequest("import os"), sys.argv[1]).version, "torch" in sys.modules)
"""
    command = [sys.executable, "-c", code, version]
    done = subprocess.run(command, env=settings.for_a_child(), capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout.split() == [version, "False"]
