"""Small versions of both kinds as they lie on the disk, made without training; all that an export needs is real."""

import inspect
import json
from pathlib import Path

import numpy as np
import torch

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.data.pairs import Pair, fingerprint
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models.deepcodenet import DeepCodeNet
from dlcodegen_core.models.saved_model import ModelCard, save_arrays, save_model
from dlcodegen_core.models.sequence.calibration import Calibration
from dlcodegen_core.models.sequence.gate import Gate
from dlcodegen_core.models.sequence.network import NetworkShape, SmallTransformer
from dlcodegen_core.models.sequence.saved_sequence import HEADS, to_arrays
from dlcodegen_core.models.sequence.suffix_array import SuffixArray
from dlcodegen_core.models.sequence.tokenizer import CodeTokenizer
from dlcodegen_core.models.training_features import TrainingFeatures

TEXTS = [inspect.getsource(module) for module in (json, json.decoder, json.encoder, json.scanner)]
WORDS = ("open", "read", "write", "close", "seek", "tell")
PAIRS = [Pair(f"def {word}_{number}(file):\n    file.", f"{word}()", "python") for word in WORDS for number in range(8)]
EMBEDDER = "local:minilm-int8"


def card(version: str, config: TrainConfig, **changes: object) -> ModelCard:
    told = {
        "version": version,
        "name": "small",
        "created_at": "2026-01-02T03:04:05+00:00",
        "dataset": "words",
        "dataset_revision": None,
        "dataset_fingerprint": fingerprint(PAIRS),
        "pairs": len(PAIRS),
        "samples": len(PAIRS),
        "config": config,
        "embedder": EMBEDDER,
        "embedder_title": "local",
        "tokens": WORDS,
        "keyword_terms": ("def", "file"),
        "keyword_idf": (1.0, 1.5),
        "metrics": {},
    }
    return ModelCard(**{**told, **changes})  # type: ignore[arg-type]  # by name


def save_deepcodenet(folder: Path, **changes: object) -> ModelCard:
    """Its BatchNorm statistics are not the ones it was born with, as after a training."""
    torch.manual_seed(5)
    config = TrainConfig(hidden_layers=(48, 24), held_out=0.25)
    saved = card(folder.name, config, **changes)
    network = DeepCodeNet(len(saved.vocabulary), config.hidden_layers)
    features = torch.randn(256, DIMENSIONS) * 0.3 + 0.1
    for _batch in range(5):
        network(features)
    save_model(folder, saved, network.eval().state_dict(), TrainingFeatures.of(features.numpy()))
    return saved


def save_sequence(folder: Path, **changes: object) -> ModelCard:
    torch.manual_seed(6)
    tokenizer = CodeTokenizer.train(TEXTS, 600)
    network = SmallTransformer(NetworkShape(len(tokenizer), width=32, layers=2, heads=HEADS))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(std=0.3) if parameter.dim() == 2 else None
    weights = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    source = SuffixArray.build(tokenizer.encode_all(TEXTS))
    saved = card(folder.name, TrainConfig.sequence(), tokens=(), embedder="", **changes)
    save_arrays(folder, saved, to_arrays(tokenizer, source, weights, Gate.of_preference(32), Calibration(1.0, 0.0, 0)))
    return saved


def random_features(count: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(count, DIMENSIONS)).astype(np.float32)
