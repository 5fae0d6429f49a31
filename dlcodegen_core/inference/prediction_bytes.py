"""A prediction as bytes, for a cache outside of this process: a line of JSON, then the features as 32-bit floats.

What comes back is not trusted: anything but a whole prediction of the version that was asked for is none. Features
that a model computes only when they are looked at are not kept, but computed by whoever reads.
"""

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.inference.prediction import MAX_BEAMS, MAX_TOKENS, Candidate, KnownFeatures, Prediction

FLOATS = np.dtype("<f4")
FIELDS = frozenset(
    ("completion", "confidence", "candidates", "latency_ms", "cached", "version", "abstained", "taught_by")
)
# A completion that ends by itself has one token more, which says so.
MOST_TOKENS = MAX_TOKENS + 1
MOST_STAGES = 32


def to_bytes(prediction: Prediction) -> bytes:
    """The prediction, with its features if they are known."""
    head = {
        "completion": prediction.completion,
        "confidence": prediction.confidence,
        "candidates": [asdict(candidate) for candidate in prediction.candidates],
        "latency_ms": dict(prediction.latency_ms),
        "cached": prediction.cached,
        "version": prediction.version,
        "abstained": prediction.abstained,
        "taught_by": prediction.taught_by,
    }
    known = prediction.features_of
    features = known.vector.astype(FLOATS).tobytes() if isinstance(known, KnownFeatures) else b""
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + features


def from_bytes(content: bytes, version: str, late_features: Callable[[], NDArray[np.float32]]) -> Prediction | None:
    """The prediction of this version, or None if the bytes are not one.

    late_features: computes the features of an entry that was kept without them.
    """
    head, _newline, tail = content.partition(b"\n")
    try:
        value = _checked(json.loads(head.decode("utf-8")), FIELDS)
        candidates = tuple(map(_candidate, _list(value["candidates"], MAX_BEAMS)))
        _require(value["version"] == version)
        features_of = _features(tail) if tail else late_features
        best = candidates[0] if candidates else Candidate("", 0.0)
        abstained = _typed(value["abstained"], bool)
        _require(value["completion"] == ("" if abstained else best.text) and value["confidence"] == best.confidence)
        stages = _typed(value["latency_ms"], dict)
        _require(len(stages) <= MOST_STAGES)
        latency_ms = {_text(stage): _number(spent, math.inf) for stage, spent in stages.items()}
        return Prediction(
            _text(value["completion"]), best.confidence, features_of, candidates, latency_ms,
            _typed(value["cached"], bool), version, abstained, _row(value["taught_by"]),
        )  # fmt: skip
    except (ValueError, RecursionError):
        return None


def _candidate(value: Any) -> Candidate:
    fields = _checked(value, frozenset(("text", "confidence", "tokens")))
    tokens = tuple(map(_text, _list(fields["tokens"], MOST_TOKENS)))
    return Candidate(_text(fields["text"]), _number(fields["confidence"], 1.0), tokens)


def _features(content: bytes) -> KnownFeatures:
    vector = np.frombuffer(content, FLOATS).astype(np.float32)
    _require(vector.shape == (DIMENSIONS,) and bool(np.isfinite(vector).all()))
    vector.setflags(write=False)
    return KnownFeatures(vector)


def _checked(value: Any, fields: frozenset[str]) -> dict[str, Any]:
    _require(isinstance(value, dict) and value.keys() == fields)
    return value


def _row(value: Any) -> int | None:
    _require(value is None or _typed(value, int) >= 0)
    return value


def _list(value: Any, most: int) -> list[Any]:
    _require(isinstance(value, list) and len(value) <= most)
    return value


def _text(value: Any) -> str:
    _typed(value, str).encode()  # half of a character would break whoever writes it out
    return value


def _number(value: Any, most: float) -> float:
    # confidences may pass 1 by a rounding
    _require(math.isfinite(_typed(value, float)) and 0 <= value <= most + 1e-6)
    return value


def _typed(value: Any, kind: type) -> Any:
    _require(type(value) is kind)
    return value


def _require(holds: bool) -> None:
    if not holds:
        raise ValueError("these bytes are no prediction")
