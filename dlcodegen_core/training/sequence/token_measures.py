"""What a card tells of a sequence model: next-token figures along random stretches of files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.sequence_model import SequenceModel
from dlcodegen_core.models.sequence.teacher_forcing import judge
from dlcodegen_core.training.events import EpochEnded, Guess, TrainMetrics

JUDGED_TOKENS = 640


@dataclass(frozen=True, slots=True)
class TokenMeasures:
    """loss: mean, in nats a token, NaN if there are no tokens. accuracy: 0..1. bits: a character, None without any."""

    loss: float
    accuracy: float
    bits: float | None


def measure_tokens(model: SequenceModel, files: Sequence[NDArray[np.int64]], seed: int) -> TokenMeasures:
    """The same stretches for the same files, tokenizer and seed."""
    judged = [token for part in judge(model, files, JUDGED_TOKENS, seed) for token in part]
    chances = np.array([token.probability for token in judged] or [np.nan])
    characters = sum(token.characters for token in judged)
    return TokenMeasures(
        loss=float(-np.log(np.maximum(chances, 1e-9)).mean()),
        accuracy=float(np.mean([float(token.rank == 0) for token in judged] or [0.0])),
        bits=float(-np.log2(np.maximum(chances, 1e-9)).sum() / characters) if characters else None,
    )


def train_metrics(
    measured: TokenMeasures,
    version: str,
    seconds: float,
    rounds: int,
    samples: int,
    held_out_samples: int,
    vocabulary_size: int,
    seconds_by_phase: Mapping[str, float],
) -> TrainMetrics:
    """The figures of a version. held_out_samples: 0 if `measured` is of what was learned from."""
    held_out = held_out_samples > 0
    return TrainMetrics(
        loss=measured.loss,
        accuracy=measured.accuracy,
        val_loss=measured.loss if held_out else None,
        val_accuracy=measured.accuracy if held_out else None,
        seconds=seconds,
        version=version,
        epoch=max(1, rounds),
        epochs=max(1, rounds),
        samples=samples,
        held_out_samples=held_out_samples,
        unknown_share=0.0,
        vocabulary_size=vocabulary_size,
        seconds_by_phase=dict(seconds_by_phase),
        bits_per_character=measured.bits if held_out else None,
    )


def last_round(before: EpochEnded, metrics: TrainMetrics, guesses: tuple[Guess, ...]) -> EpochEnded:
    """One more round, in no time, that shows what the finished model makes of the lines."""
    return EpochEnded(
        before.epoch + 1, before.epoch + 1, metrics.loss, metrics.accuracy, metrics.val_loss, metrics.val_accuracy,
        before.seconds, True, guesses,
    )  # fmt: skip
