"""How well a sequence model foresees each token of held-out text.

Bits per character compares models of different vocabularies, which accuracy a token does not: a model of larger
tokens has fewer and harder ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.evaluation.line_metrics import Interval, bootstrap_interval
from dlcodegen_core.models.reliability import ReliabilityBin, expected_calibration_error, reliability_bins
from dlcodegen_core.models.sequence.sequence_model import SequenceModel
from dlcodegen_core.models.sequence.teacher_forcing import judge

LEAST_PROBABILITY = 1e-9


@dataclass(frozen=True, slots=True)
class TokenQuality:
    """Over `tokens` known tokens: shares ranked first and among the first five, bits for each character of text
    (lower is better), and how far the highest probability is from the share of hits (ECE). Intervals of 95 %, by
    stretch of text.
    """

    tokens: int
    accuracy: Interval
    top_5_accuracy: Interval
    bits_per_character: Interval
    calibration_error: float
    reliability: tuple[ReliabilityBin, ...]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "TokenQuality":
        """From the fields as plain values. Raises KeyError or TypeError on other data."""
        intervals = ("accuracy", "top_5_accuracy", "bits_per_character")
        return cls(
            **{
                **value,
                **{name: Interval(**value[name]) for name in intervals},
                "reliability": tuple(ReliabilityBin(**part) for part in value["reliability"]),
            }
        )


def token_quality(model: SequenceModel, files: Sequence[NDArray[np.int64]], tokens: int, seed: int = 0) -> TokenQuality:
    """Measure on about `tokens` tokens of `files`, drawn by `seed`. Raises ValueError if the files are empty."""
    stretches = [part for part in judge(model, files, tokens, seed) if part]
    judged = [token for part in stretches for token in part]
    if not judged:
        raise ValueError("there are no tokens to measure on")
    stretch_of = [str(number) for number, part in enumerate(stretches) for _token in part]
    hits = np.array([token.rank == 0 for token in judged])
    highest = [token.highest for token in judged]
    characters = np.array([token.characters for token in judged], float)
    bits = -np.log2(np.maximum([token.probability for token in judged], LEAST_PROBABILITY))
    return TokenQuality(
        tokens=len(judged),
        accuracy=bootstrap_interval(hits, stretch_of),
        top_5_accuracy=bootstrap_interval([token.rank < 5 for token in judged], stretch_of),
        # A ratio of sums, written as a mean over tokens: each token's bits over the mean length of a token.
        bits_per_character=bootstrap_interval(bits / characters.mean(), stretch_of),
        calibration_error=expected_calibration_error(np.array(highest), hits),
        reliability=reliability_bins(highest, hits),
    )
