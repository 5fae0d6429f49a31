"""One training from pairs to a saved version: reading, embedding, features, fitting, saving.

Says what it does through events and asks `Control` whether to go on; knows no process and no screen.
"""

import hashlib
import json
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import numpy as np
import torch
from numpy.typing import NDArray

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.errors import TrainingCancelled
from dlcodegen_core.features.keywords import KeywordVectorizer
from dlcodegen_core.models.code_version import code_version
from dlcodegen_core.models.saved_model import ModelCard, save_model
from dlcodegen_core.models.temperature import as_metrics
from dlcodegen_core.models.training_features import TrainingFeatures
from dlcodegen_core.models.vocabulary import END, UNKNOWN, Sample, Vocabulary
from dlcodegen_core.training.checkpoint import load_checkpoint, save_checkpoint
from dlcodegen_core.training.confidence import calibrate_on
from dlcodegen_core.training.events import EpochEnded, Finished, Guess, TrainMetrics
from dlcodegen_core.training.phases import PhaseClock, Surroundings, Wish
from dlcodegen_core.training.samples import PreparedSamples, prepare_samples
from dlcodegen_core.training.trainer import EpochResult, Trainer, evaluate

CHECKPOINT_EVERY_SECONDS = 2.0
FIXED_GUESSES = 3


@dataclass(frozen=True, slots=True)
class DataSource:
    """The pairs and where they came from; revision is None for a plain file."""

    pairs: Sequence[Pair]
    dataset: str
    revision: int | None
    fingerprint: str


class TrainingSession:
    """Runs once. Raises TrainingCancelled if it ends with nothing saved: discarded, suspended or stopped too early."""

    def __init__(self, data: DataSource, config: TrainConfig, name: str, around: Surroundings) -> None:
        self._data = data
        self._config = config
        self._name = name
        self._around = around
        self._phases = PhaseClock(around)

    def run(self, resume: bool = False) -> TrainMetrics:
        """Train, or go on from the checkpoint, and save a version. Raises WorkbenchError."""
        self._phases.enter("reading")
        prepared = self._prepared()
        held_out = prepared.samples[prepared.training :]
        trainer = Trainer(
            self._config,
            len(prepared.vocabulary),
            prepared.split(slice(0, prepared.training)),
            prepared.split(slice(prepared.training, None)),
        )
        belongs_to = self._digest()
        if resume:
            trainer.restore(load_checkpoint(self._around.checkpoint, belongs_to))
        first_shown = prepared.training if held_out else 0
        shown = _fixed_samples(prepared.samples[first_shown:])
        shown_features = torch.from_numpy(prepared.features[[first_shown + index for index, _sample in shown]])
        self._fit(trainer, prepared.vocabulary, [sample for _index, sample in shown], shown_features, belongs_to)
        pairs = self._data.pairs
        files = [pairs[sample.pair].source or sample.pair for sample in held_out]
        return self._save(trainer, prepared.vocabulary, prepared.keywords, prepared.classes, files)

    def _prepared(self) -> PreparedSamples:
        def on_embedding(done: int, total: int) -> None:
            if self._phases.current != "embedding":
                self._phases.enter("embedding")
            self._phases.progress(done, total)

        def on_features(done: int, total: int) -> None:
            if self._phases.current != "features":
                self._phases.enter("features")
            self._phases.progress(done, total)

        return prepare_samples(self._data.pairs, self._config, self._around.embedder, on_embedding, on_features)

    def _fit(
        self,
        trainer: Trainer,
        vocabulary: Vocabulary,
        shown: list[Sample],
        shown_features: torch.Tensor,
        belongs_to: str,
    ) -> None:
        self._phases.enter("fitting")
        self._phases.progress(len(trainer.results), self._config.epochs)
        saved_at = self._around.now()
        began = self._around.now()
        for result in trainer.epochs(lambda: self._around.wish() is not Wish.GO_ON, self._around.now):
            guesses = _guess(trainer, vocabulary, shown, shown_features)
            self._around.emit(self._epoch_ended(result, guesses, self._around.now() - began))
            if self._around.now() - saved_at >= CHECKPOINT_EVERY_SECONDS:
                save_checkpoint(self._around.checkpoint, trainer.state(), belongs_to)
                saved_at = self._around.now()
        wish = self._around.wish()
        if wish is Wish.DISCARD:
            raise TrainingCancelled("The training was discarded; nothing was kept.")
        if wish is not Wish.GO_ON:
            save_checkpoint(self._around.checkpoint, trainer.state(), belongs_to)
        if wish is Wish.SUSPEND:
            raise TrainingCancelled("The training was interrupted; it can be resumed.")
        if trainer.best is None:
            raise TrainingCancelled(
                "The training was stopped before its first epoch ended, so there is nothing to keep."
            )

    def _save(
        self,
        trainer: Trainer,
        vocabulary: Vocabulary,
        keywords: KeywordVectorizer,
        classes: NDArray[np.int64],
        files: Sequence[Hashable],
    ) -> TrainMetrics:
        self._phases.enter("saving")
        best = trainer.best
        assert best is not None
        stopped = self._around.wish() is Wish.STOP
        trainer.network.load_state_dict(trainer.best_weights)
        # The running mean over an epoch's batches saw dropout and older weights; what is kept is measured anew.
        loss, accuracy = evaluate(trainer.network, trainer.training)
        held_out = len(files)
        measured = classes[-held_out:] if held_out else classes
        calibrated = calibrate_on(trainer.network, trainer.held_out, files)
        folder = self._around.claim_version()
        self._phases.leave()
        metrics = TrainMetrics(
            loss=loss,
            accuracy=accuracy,
            val_loss=best.val_loss,
            val_accuracy=best.val_accuracy,
            seconds=self._around.now() - self._phases.began,
            version=folder.name,
            epoch=best.epoch,
            epochs=len(trainer.results),
            samples=len(classes) - held_out,
            held_out_samples=held_out,
            unknown_share=float((measured == UNKNOWN).mean()),
            vocabulary_size=len(vocabulary),
            seconds_by_phase=dict(self._phases.seconds_by_phase),
            **as_metrics(calibrated),
        )
        spread = TrainingFeatures.of(trainer.training.features.numpy())
        save_model(folder, self._card(trainer, vocabulary, keywords, metrics), trainer.best_weights, spread)
        self._around.emit(Finished(metrics, stopped))
        return metrics

    def _card(
        self, trainer: Trainer, vocabulary: Vocabulary, keywords: KeywordVectorizer, metrics: TrainMetrics
    ) -> ModelCard:
        return ModelCard(
            version=metrics.version,
            name=self._name,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            dataset=self._data.dataset,
            dataset_revision=self._data.revision,
            dataset_fingerprint=self._data.fingerprint,
            pairs=len(self._data.pairs),
            samples=metrics.samples,
            config=self._config,
            embedder=self._around.embedder.identity,
            embedder_title=self._around.embedder.title,
            tokens=vocabulary.tokens,
            keyword_terms=keywords.terms,
            keyword_idf=keywords.idf,
            metrics=asdict(metrics),
            curves=tuple(asdict(result) for result in trainer.results),
            code_version=code_version(),
        )

    def _epoch_ended(self, result: EpochResult, guesses: tuple[Guess, ...], seconds: float) -> EpochEnded:
        return EpochEnded(
            epoch=result.epoch,
            epochs=self._config.epochs,
            loss=result.loss,
            accuracy=result.accuracy,
            val_loss=result.val_loss,
            val_accuracy=result.val_accuracy,
            seconds=seconds,
            best=result.best,
            guesses=guesses,
        )

    def _digest(self) -> str:
        """Names everything that a checkpoint depends on."""
        parts = [self._data.fingerprint, self._config.to_json(), self._around.embedder.identity]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _fixed_samples(samples: Sequence[Sample]) -> list[tuple[int, Sample]]:
    """A few samples spread over the split, to watch from epoch to epoch; visible tokens first."""
    visible = [(index, sample) for index, sample in enumerate(samples) if sample.token and sample.token.strip()]
    step = max(1, len(visible) // FIXED_GUESSES)
    return visible[::step][:FIXED_GUESSES]


def _guess(
    trainer: Trainer, vocabulary: Vocabulary, samples: list[Sample], features: torch.Tensor
) -> tuple[Guess, ...]:
    if not samples:
        return ()
    trainer.network.eval()
    with torch.inference_mode():
        probabilities = trainer.network(features).softmax(dim=1)
        probabilities[:, UNKNOWN] = 0
        confidences, classes = probabilities.max(dim=1)
    return tuple(
        Guess(sample.text, sample.token or "", vocabulary.text_of(number) if number != END else "", confidence)
        for sample, number, confidence in zip(samples, classes.tolist(), confidences.tolist(), strict=True)
    )
