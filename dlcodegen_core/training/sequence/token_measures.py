"""What a card tells of a sequence model: next-token figures along random stretches of files."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.sequence_model import SequenceModel
from dlcodegen_core.models.sequence.teacher_forcing import judge

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
