"""What answering on ONNX Runtime brings: latency of a version under both runtimes, and the memory of a serving process.

python -m benchmarks.onnx_runtime [HOME [VERSION …]]

Without a home, a small DeepCodeNet and the base model are measured; else the versions named, or all of them. Latencies
are of requests that no cache knows, in turn under each runtime, so that what else runs slows both alike; of DeepCodeNet
those of the forward pass alone, since its features are the same. Memory is that of a process that has warmed up and
answered 100 times, private and shared pages together; it imports no PyTorch, which is checked.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.report import median
from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.config import RUNTIMES
from dlcodegen_core.data.demo import standard_library_pairs
from dlcodegen_core.features.embedders import Embedders
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.inference.predictor import LoadedModel, Predictor
from dlcodegen_core.models import base_model
from dlcodegen_core.registry.versions import VersionStore

TIMED, COUNTED = 60, 100
BATCHES = (1, 4, 64)


def main(home: str = "", *versions: str) -> int:
    """Measure and print."""
    if home:
        service = _service(Path(home))
        named = versions or tuple(card.version for card in service.versions.all())
        service.close()
        _measure(Path(home), named)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        service = _service(Path(folder))
        service.datasets.create("pairs", standard_library_pairs(200))
        version = service.train("pairs", TrainConfig(epochs=5)).version
        service.close()
        _measure(Path(folder), (version, *([base_model.NAME] if base_model.is_there() else [])))
    return 0


def _measure(home: Path, versions: tuple[str, ...]) -> None:
    print(f"| what, milliseconds (median) | {' | '.join(RUNTIMES)} |\n|---|---|---|")
    for version in versions:
        for what, taken in _latencies(home, version).items():
            print(f"| {version}: {what} | {' | '.join(f'{taken[runtime]:.3f}' for runtime in RUNTIMES)} |")
    print(f"\n| memory of a serving process, MB | {' | '.join(RUNTIMES)} |\n|---|---|---|")
    for version in versions:
        print(f"| {version} | {' | '.join(f'{_memory_of_a_process(home, version, each):.0f}' for each in RUNTIMES)} |")


def _latencies(home: Path, version: str) -> dict[str, dict[str, float]]:
    service = _service(home)
    predictors = {runtime: Predictor(service.versions, service.embedders, runtime=runtime) for runtime in RUNTIMES}
    models = {runtime: predictor.model(version) for runtime, predictor in predictors.items()}
    taken: dict[str, dict[str, list[float]]] = {}
    if isinstance(models["numpy"], LoadedModel):
        for batch in BATCHES:
            rows = np.random.default_rng(0).normal(size=(batch, DIMENSIONS)).astype(np.float32)
            calls = {name: partial(model.network.log_probabilities, rows) for name, model in models.items()}
            taken[f"forward pass of {batch}"] = _in_turn([calls] * (TIMED + 1))
    else:
        prompts = [pair.prompt for pair in standard_library_pairs(TIMED + 1)]
        requests = [PredictionRequest(prompt, max_tokens=24, stop=("\n",)) for prompt in prompts]
        taken["a whole line, 4 beams"] = _in_turn(
            [
                {name: partial(each.predict, request, version) for name, each in predictors.items()}
                for request in requests
            ]
        )
    service.close()
    return {what: {name: median(values) for name, values in found.items()} for what, found in taken.items()}


def _in_turn(rounds: Sequence[Mapping[str, Callable[[], object]]]) -> dict[str, list[float]]:
    """Milliseconds of each runtime's calls; those of the first round do not count."""
    taken: dict[str, list[float]] = {runtime: [] for runtime in RUNTIMES}
    for number, calls in enumerate(rounds):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            if number:
                taken[name].append(1000 * (time.perf_counter() - began))
    return taken


def _memory_of_a_process(home: Path, version: str, runtime: str) -> float:
    code = f"from benchmarks.onnx_runtime import answer; answer({str(home)!r}, {version!r}, {runtime!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def answer(home: str, version: str, runtime: str) -> None:
    """Warm up, answer, and print the resident memory in MB."""
    import psutil

    versions = VersionStore(Settings(home=Path(home)).versions_folder)
    # Embeddings are kept on the disk, and a process that finds all of them there loads no embedder.
    with tempfile.TemporaryDirectory() as nothing_kept:
        embedders = Embedders(Settings(home=Path(nothing_kept), embedder="local"))
        predictor = Predictor(versions, embedders, runtime=runtime)
        for pair in standard_library_pairs(COUNTED):
            predictor.predict(PredictionRequest(pair.prompt, max_tokens=12, stop=("\n",)), version)
        assert "torch" not in sys.modules
        print(psutil.Process().memory_info().rss / 1e6)
        embedders.close()


def _service(home: Path) -> DLCodeGen:
    return DLCodeGen(Settings(home=home, embedder="local"))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
