"""`python -m benchmarks.retrieval [VECTORS]`: what the nearest pairs cost in Chroma, embedded, with 100,000 vectors.

The vectors are random ones of unit length: what is measured is the store's speed, not how well it finds. They are
worse than those of texts, among which the near ones are much nearer than the others, so recall is told of both.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.report import Row, median, percentile, print_table
from dlcodegen_core.data.demo import standard_library_pairs
from dlcodegen_core.features.layout import EMBEDDING
from dlcodegen_core.features.local_embedder import LocalEmbedder
from dlcodegen_core.retrieval.chroma import STAMP, Chroma, Collection

VECTORS = 100_000
ADDED_AT_ONCE = 250
QUERIES = 500
COUNT = 10
TEXTS = 2_000
COMPARED = 100


def retrieval_rows(count: int = VECTORS) -> list[Row]:
    """Build, memory, opening, query and recall."""
    numbers = np.random.default_rng(0)
    vectors, queries = _unit(numbers, count), _unit(numbers, QUERIES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "chroma"
        chroma = Chroma(folder)
        # a first collection, so that Chroma itself is loaded before memory is looked at
        chroma.create("warm-up", {STAMP: ""})
        before = _memory_mb()
        made = chroma.create("vectors", {STAMP: ""})
        began = time.perf_counter()
        _add(made, vectors)
        built = time.perf_counter() - began
        grown = _memory_mb() - before
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
        chroma.reopen()
        began = time.perf_counter()
        again = chroma.collection("vectors")
        assert again is not None
        again.nearest(queries[0], COUNT)
        opened = time.perf_counter() - began
        milliseconds = []
        for query in queries:
            began = time.perf_counter()
            again.nearest(query, COUNT)
            milliseconds.append((time.perf_counter() - began) * 1000)
        recall = _recall(again, vectors, queries[:COMPARED])
        texts = LocalEmbedder().embed([pair.prompt for pair in standard_library_pairs(TEXTS)])
        of_texts = chroma.create("texts", {STAMP: ""})
        _add(of_texts, texts)
        recall_of_texts = _recall(of_texts, texts, texts[:: TEXTS // COMPARED])
    told = f"{built:.0f} s ({count / built:,.0f} a second)"
    return [
        Row(f"index: {count:,} vectors of {EMBEDDING.size}", "-", "-", told),
        Row("index: memory once it is built, files", "-", "-", f"{grown:,.0f} MB, {size:,.0f} MB"),
        Row("index: opened, first query", "-", "-", f"{opened * 1000:.0f} ms"),
        Row(f"index: {COUNT} nearest, median", "-", "-", f"{median(milliseconds):.1f} ms"),
        Row(f"index: {COUNT} nearest, p95", "-", "<= 15 ms", f"{percentile(milliseconds, 0.95):.1f} ms"),
        Row(f"index: recall@{COUNT} among these", "-", "-", f"{recall:.3f}"),
        Row(f"index: recall@{COUNT} among {TEXTS:,} prompts", "-", ">= 0.99", f"{recall_of_texts:.3f}"),
    ]


def _unit(numbers: np.random.Generator, count: int) -> NDArray[np.float32]:
    vectors = numbers.standard_normal((count, EMBEDDING.size), np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _add(collection: Collection, vectors: NDArray[np.float32]) -> None:
    for start in range(0, len(vectors), ADDED_AT_ONCE):
        piece = vectors[start : start + ADDED_AT_ONCE]
        collection.add({str(start + place): str(start + place) for place in range(len(piece))}, piece)


def _recall(collection: Collection, vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> float:
    """The share of the truly nearest that is found."""
    shares = []
    for query in queries:
        nearest = set(np.argpartition(-(vectors @ query), COUNT)[:COUNT].tolist())
        shares.append(len(nearest & {int(label) for label, _similarity in collection.nearest(query, COUNT)}) / COUNT)
    return float(np.mean(shares))


def _memory_mb() -> float:
    return psutil.Process().memory_info().rss / 1e6


if __name__ == "__main__":
    print_table(retrieval_rows(int(sys.argv[1]) if len(sys.argv) > 1 else VECTORS))
