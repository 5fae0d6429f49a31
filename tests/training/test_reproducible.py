"""The same data and seed give the same model, to the last bit."""

import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.data.pairs import Pair, fingerprint
from dlcodegen_core.features.embedding import CachedEmbedder, unit_vectors
from dlcodegen_core.features.embedding_store import EmbeddingStore
from dlcodegen_core.features.layout import EMBEDDING
from dlcodegen_core.models.saved_model import ModelCard, load_card
from dlcodegen_core.models.version_folders import claim_version
from dlcodegen_core.training.phases import Surroundings, Wish
from dlcodegen_core.training.session import DataSource, TrainingSession

CONFIG = TrainConfig(hidden_layers=(16, 8), epochs=5, batch_size=8, held_out=0.25, seed=3)
PAIRS = [Pair(f"def name{chr(97 + n)}(self):", f"return self.{'abc'[n % 3]}", "python", f"{n}.py") for n in range(20)]
OF_THE_CLOCK = {"version", "seconds", "seconds_by_phase"}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class DigestEmbedder:
    """Vectors drawn from a digest of the text: the same text always gives the same vector."""

    identity = "local:digest"
    title = "digest"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts]
        rows = [np.random.default_rng(seed).standard_normal(EMBEDDING.size) for seed in seeds]
        return unit_vectors(np.array(rows, np.float32), self.title)


class Looks:
    """A clock that goes on by so many seconds each time it is looked at, whatever time has passed."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.time, self._seconds = 0.0, seconds

    def __call__(self) -> float:
        self.time += self._seconds
        return self.time


def _around(root: Path, now: Callable[[], float], embedder: Any = None) -> Surroundings:
    return Surroundings(
        embedder=embedder,
        emit=lambda event: None,
        wish=lambda: Wish.GO_ON,
        claim_version=functools.cache(lambda: claim_version(root / "versions")),
        checkpoint=root / "checkpoint",
        now=now,
    )


def _train(root: Path, config: TrainConfig) -> tuple[ModelCard, bytes]:
    embedder = CachedEmbedder(DigestEmbedder(), EmbeddingStore(root / "embeddings.sqlite"))
    TrainingSession(DataSource(PAIRS, "d", 1, fingerprint(PAIRS)), config, "", _around(root, Looks(), embedder)).run()
    return _made(root)


def _made(root: Path) -> tuple[ModelCard, bytes]:
    (folder,) = (root / "versions").glob("v*")
    return load_card(folder), (folder / "model.safetensors").read_bytes()


def _facts(card: ModelCard) -> dict[str, Any]:
    """All that a card says but when it was made and how long that took."""
    metrics = {name: value for name, value in card.metrics.items() if name not in OF_THE_CLOCK}
    curves = tuple({name: value for name, value in each.items() if name != "seconds"} for each in card.curves)
    told = replace(card, version="", created_at="", metrics=metrics, curves=curves)
    return json.loads(
        json.dumps({name: getattr(told, name) for name in ("metrics", "curves", "tokens", "keyword_idf")})
    )


def test_deepcodenet_is_the_same_to_the_last_bit(tmp_path: Path) -> None:
    (one, weights), (other, same) = _train(tmp_path / "one", CONFIG), _train(tmp_path / "other", CONFIG)
    assert weights == same
    assert _facts(one) == _facts(other)
    assert len(one.curves) == CONFIG.epochs


def test_another_seed_makes_another_model(tmp_path: Path) -> None:
    _card, weights = _train(tmp_path / "one", CONFIG)
    _card, others = _train(tmp_path / "other", replace(CONFIG, seed=4))
    assert weights != others
