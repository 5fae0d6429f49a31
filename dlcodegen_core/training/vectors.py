"""A DeepCodeNet trained on feature vectors that somebody else has made, to be asked with such vectors alone.

It is no version: nobody could ask it with a text, since how its vectors come from one is not known here.
"""

import shutil
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.models.code_version import code_version
from dlcodegen_core.models.saved_model import ModelCard, save_model
from dlcodegen_core.models.vocabulary import Vocabulary
from dlcodegen_core.storage.files import disk_errors, move
from dlcodegen_core.training.events import TrainMetrics
from dlcodegen_core.training.trainer import Split, Trainer, evaluate

EMBEDDER = "vectors"


def train_on_vectors(
    features: NDArray[np.float32],
    targets: Sequence[str],
    tokens: Sequence[str],
    config: TrainConfig,
    folder: Path,
    tell: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> TrainMetrics:
    """Train, and put the model into `folder` in place of what was there.

    features: shape (samples, 544). targets: of each sample, one of `tokens`, which are the classes in their order.
    Raises TrainingError or StorageError.
    """
    began = time.monotonic()
    vocabulary = Vocabulary(tokens)
    classes = np.array([vocabulary.class_of(target) for target in targets], np.int64)
    training, held_out = _split(len(classes), config)
    trainer = Trainer(config, len(vocabulary), _part(features, classes, training), _part(features, classes, held_out))
    for result in trainer.epochs():
        tell("fitting", result.epoch, config.epochs)
    best = trainer.best
    trainer.network.load_state_dict(trainer.best_weights)
    loss, accuracy = evaluate(trainer.network, trainer.training)
    metrics = TrainMetrics(
        loss=loss,
        accuracy=accuracy,
        val_loss=best.val_loss if best else None,
        val_accuracy=best.val_accuracy if best else None,
        seconds=time.monotonic() - began,
        version="",
        epoch=best.epoch if best else 0,
        epochs=len(trainer.results),
        samples=len(training),
        held_out_samples=len(held_out),
        unknown_share=0.0,
        vocabulary_size=len(vocabulary),
        seconds_by_phase={},
    )
    _save(folder, _card(folder.name, vocabulary, config, metrics), trainer)
    return metrics


def _split(samples: int, config: TrainConfig) -> tuple[list[int], list[int]]:
    """Numbers of the samples to train on and of those held out; too few for both are all trained on."""
    order = np.random.default_rng(config.seed).permutation(samples).tolist()
    held_out = round(samples * config.held_out)
    return sorted(order[held_out:]), sorted(order[:held_out])


def _part(features: NDArray[np.float32], classes: NDArray[np.int64], numbers: Sequence[int]) -> Split:
    return Split(torch.from_numpy(features[numbers]), torch.from_numpy(classes[numbers]))


def _card(name: str, vocabulary: Vocabulary, config: TrainConfig, metrics: TrainMetrics) -> ModelCard:
    return ModelCard(
        version=name,
        name=name,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        dataset="feature vectors",
        dataset_revision=None,
        dataset_fingerprint="",
        pairs=metrics.samples + metrics.held_out_samples,
        samples=metrics.samples,
        config=config,
        embedder=EMBEDDER,
        embedder_title="vectors that were sent",
        tokens=vocabulary.tokens,
        keyword_terms=(),
        keyword_idf=(),
        metrics=asdict(metrics),
        code_version=code_version(),
    )


def _save(folder: Path, card: ModelCard, trainer: Trainer) -> None:
    """Beside its place first, so that what is there answers until then."""
    staged, replaced = (folder.with_name(f".{folder.name}.{uuid.uuid4().hex}") for _ in range(2))
    with disk_errors(folder.name):
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            save_model(staged, card, trainer.best_weights)
            if folder.exists():
                move(folder, replaced)
            move(staged, folder)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
            shutil.rmtree(replaced, ignore_errors=True)
