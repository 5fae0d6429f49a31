"""A small DeepCodeNet, really trained with the real local embedder, whose answer hangs on one word of the prompt."""

import time
from dataclasses import dataclass
from pathlib import Path

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.data.pairs import Pair, fingerprint
from dlcodegen_core.features.embedding import CachedEmbedder
from dlcodegen_core.features.embedding_store import EmbeddingStore
from dlcodegen_core.features.local_embedder import LocalEmbedder
from dlcodegen_core.features.pipeline import FeaturePipeline
from dlcodegen_core.inference.predictor import LoadedModel
from dlcodegen_core.models.deepcodenet import DeepCodeNet
from dlcodegen_core.models.saved_model import load_forward_pass, load_model, load_training_features
from dlcodegen_core.models.training_features import TrainingFeatures
from dlcodegen_core.models.version_folders import next_version_folder
from dlcodegen_core.training.session import DataSource, Surroundings, TrainingSession, Wish

NAMES = ("door", "file", "shop", "socket", "window", "valve", "gate")
ANSWERS = {"open": "close", "start": "halt", "lock": "free"}
# Of several shapes, so that a text with a word left out is not unlike everything the model has seen.
SHAPES = (
    "def run({name}):\n    {name}.{verb}()\n    return {name}.",
    "def run({name}):\n    {name}.{verb}()\n    {name}",
    "{verb}({name})\n",
)


def prompt(name: str, verb: str, shape: int = 0) -> str:
    return SHAPES[shape].format(name=name, verb=verb)


PAIRS = [
    Pair(prompt(name, verb, shape), f"{answer}()", "python")
    for name in NAMES
    for verb, answer in ANSWERS.items()
    for shape in range(len(SHAPES))
]
CONFIG = TrainConfig(hidden_layers=(48, 24), epochs=40, batch_size=8, held_out=0.0, dropout=0.1, learning_rate=0.003)


@dataclass(frozen=True, slots=True)
class Trained:
    """The version as it answers, as PyTorch has it, what was kept of its training features, and the folder it is in."""

    model: LoadedModel
    network: DeepCodeNet
    training: TrainingFeatures
    versions: Path


def train(root: Path, store: EmbeddingStore) -> Trained:
    """Train under `root`; takes about two seconds."""
    embedder = CachedEmbedder(LocalEmbedder(), store)
    around = Surroundings(
        embedder=embedder,
        emit=lambda _event: None,
        wish=lambda: Wish.GO_ON,
        claim_version=lambda: next_version_folder(root / "versions"),
        checkpoint=root / "checkpoint.safetensors",
        now=time.monotonic,
    )
    TrainingSession(DataSource(PAIRS, "verbs", 1, fingerprint(PAIRS)), CONFIG, "", around).run()
    folder = root / "versions" / "v1"
    card, forward = load_forward_pass(folder)
    training = load_training_features(folder)
    assert training is not None
    pipeline = FeaturePipeline(card.keywords, embedder)
    return Trained(
        LoadedModel(card, forward, card.vocabulary, pipeline), load_model(folder)[1], training, root / "versions"
    )
