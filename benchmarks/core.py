"""Latency, training time and memory of the core, on code of this machine's own standard library."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import Row, median, percentile
from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.data.demo import standard_library_pairs

PREDICTIONS = 200
HITS = 20_000
MEMORY_PREDICTIONS = 10_000
SHORT_PROMPTS = ("async function fetch{}", "def load_{}(path", "import module{}", "for item{} in items:")


def training_rows() -> list[Row]:
    """Seconds from the worker's start to the saved model, embedding included, each on a fresh home."""
    rows = []
    claims = {3: ("1-2 s", "<= 1 s"), 100: ("30-60 s", "<= 3 s"), 1000: ("5-10 min", "<= 12 s")}
    for count, (claimed, wanted) in claims.items():
        with tempfile.TemporaryDirectory() as home:
            service = _service(home)
            service.datasets.create("pairs", standard_library_pairs(count))
            first = service.train("pairs", TrainConfig())
            rows.append(
                Row(f"train {count:,} pairs, 50 epochs", claimed, wanted, _told(first.seconds_by_phase, first.seconds))
            )
            if count == 1000:
                again = service.train("pairs", TrainConfig(seed=1, held_out=0.15))
                told = _told(again.seconds_by_phase, again.seconds)
                rows.append(Row("train 1,000 pairs again, embeddings cached", "-", "<= 5 s", told))
            service.close()
    return rows


def prediction_rows() -> list[Row]:
    """Milliseconds of requests to a small model, one after the other."""
    with tempfile.TemporaryDirectory() as home:
        service = _small_model(home)
        prompts = [SHORT_PROMPTS[i % len(SHORT_PROMPTS)].format(i) for i in range(PREDICTIONS)]
        service.predict("warm up")
        first = [service.predict(prompt).total_ms for prompt in prompts]
        embedded = [service.predict(prompt, beams=5).total_ms for prompt in prompts]
        hits = []
        for _ in range(HITS):
            began = time.perf_counter()
            service.predict(prompts[0])
            hits.append((time.perf_counter() - began) * 1000)
        service.close()
    return [
        Row("prediction, first time, short prompt", "150 ms", "<= 15 ms p50", _latency(first)),
        Row("prediction, embedding cached", "50 ms", "<= 5 ms p50", _latency(embedded)),
        Row("prediction-cache hit, whole call", "1 ms", "<= 0.05 ms p50", _latency(hits, digits=4)),
    ]


def memory_rows() -> list[Row]:
    """Resident memory of a fresh process that only predicts."""
    with tempfile.TemporaryDirectory() as home:
        _small_model(home).close()
        code = f"from benchmarks.core import predict_many; predict_many({home!r})"
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    early, late = float(said[0]), float(said[1])
    told = f"{late:.0f} MB (after 2,000: {early:.0f} MB)"
    return [Row("memory after 10,000 predictions", "500 MB", "<= 400 MB, flat", told)]


def predict_many(home: str) -> None:
    """Print the resident memory in MB after 2,000 and after 10,000 different predictions."""
    import psutil

    service = _service(home)
    for number in range(MEMORY_PREDICTIONS):
        service.predict(SHORT_PROMPTS[number % len(SHORT_PROMPTS)].format(number))
        if number + 1 in (2000, MEMORY_PREDICTIONS):
            print(psutil.Process().memory_info().rss / 1e6)


def _service(home: str) -> DLCodeGen:
    return DLCodeGen(Settings(home=Path(home), embedder="local"))


def _small_model(home: str) -> DLCodeGen:
    service = _service(home)
    service.datasets.create("pairs", standard_library_pairs(200))
    service.train("pairs", TrainConfig(epochs=5))
    return service


def _told(by_phase: dict[str, float], seconds: float) -> str:
    return f"{seconds:.1f} s (embedding {by_phase['embedding']:.1f}, fitting {by_phase['fitting']:.1f})"


def _latency(values: list[float], digits: int = 1) -> str:
    return f"{median(values):.{digits}f} ms p50, {percentile(values, 0.95):.{digits}f} ms p95"
