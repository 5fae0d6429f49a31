"""`python -m benchmarks.prediction_cache`: what a look into the cache costs, in memory and in a Redis on this machine.

The answers are those of DeepCodeNet with four candidates and 544 features. Both caches are full, so each put of a new
answer pushes out an old one.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.report import Row, median, percentile, print_table
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.inference.prediction import Candidate, KnownFeatures, Prediction
from dlcodegen_core.inference.prediction_bytes import to_bytes
from dlcodegen_core.inference.prediction_cache import CACHED_PREDICTIONS, PredictionCache, open_prediction_cache
from tests.redis_server import HOW_TO_GET_IT, redis_command, running_redis

CALLS = 3_000
VERSION = "v1"


def cache_rows() -> list[Row]:
    """Get, get of nothing and put, median and 95th percentile, of both caches."""
    rows = _rows("memory", open_prediction_cache(), "-")
    command = redis_command()
    if command is None:
        return [*rows, Row("prediction cache in Redis", "-", "p50 <= 0.5 ms", HOW_TO_GET_IT)]
    with tempfile.TemporaryDirectory() as folder, running_redis(command, Path(folder)) as server:
        cache = open_prediction_cache(server.url)
        rows += _rows("Redis", cache, "p50 <= 0.5 ms")
        assert not cache.problem(), cache.problem()
        cache.close()
    rows.append(Row("one answer, as Redis keeps it", "-", "-", f"{len(to_bytes(_prediction())):,} bytes"))
    return rows


def _rows(where: str, cache: PredictionCache, wanted: str) -> list[Row]:
    prediction = _prediction()
    for number in range(CACHED_PREDICTIONS):
        cache.put(_key(number), VERSION, prediction)

    def measured(what: str, call: Callable[[bytes], object], first: int, different: int) -> Row:
        milliseconds = []
        for turn in range(CALLS):
            key = _key(first + turn % different)
            began = time.perf_counter()
            call(key)
            milliseconds.append((time.perf_counter() - began) * 1000)
        told = f"p50 {median(milliseconds):.3f} ms, p95 {percentile(milliseconds, 0.95):.3f} ms"
        return Row(f"prediction cache in {where}: {what}", "-", wanted, told)

    return [
        measured("get, a hit", lambda key: cache.get(key, VERSION, _none), 0, CACHED_PREDICTIONS),
        measured("get, a miss", lambda key: cache.get(key, VERSION, _none), 1_000_000, CALLS),
        measured("put, one pushed out", lambda key: cache.put(key, VERSION, prediction), 2_000_000, CALLS),
    ]


def _key(number: int) -> bytes:
    return number.to_bytes(20, "big")


def _prediction() -> Prediction:
    vector = np.random.default_rng(0).standard_normal(DIMENSIONS).astype(np.float32)
    texts = ("return value", "return None", "self.value = value", "raise ValueError(value)")
    candidates = tuple(Candidate(text, 0.5 / (rank + 1), tuple(text.split())) for rank, text in enumerate(texts))
    stages = {"cache look-up": 0.02, "model load": 0.001, "embedding": 3.1, "forward": 0.2, "decode": 0.4}
    return Prediction(texts[0], 0.5, KnownFeatures(vector), candidates, stages, False, VERSION)


def _none() -> np.ndarray:
    raise AssertionError("the features are known")


def main() -> int:
    print_table(cache_rows())
    return 0


if __name__ == "__main__":
    sys.exit(main())
