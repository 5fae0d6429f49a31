"""Bytes that were a prediction come back as it; anything else is none, and never an error."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.inference.prediction import MAX_BEAMS, Candidate, KnownFeatures, Prediction
from dlcodegen_core.inference.prediction_bytes import from_bytes, to_bytes
from dlcodegen_core.plain_values import to_plain
from tests.inference.contract import features, never, prediction, same

TEXTS = st.text(max_size=30)
SHARES = st.floats(0, 1)
CANDIDATES = st.builds(Candidate, TEXTS, SHARES, st.lists(TEXTS, max_size=5).map(tuple))
CONTENT = to_bytes(prediction("return x"))


@st.composite
def predictions(draw: st.DrawFn) -> Prediction:
    candidates = tuple(draw(st.lists(CANDIDATES, max_size=4)))
    best = candidates[0] if candidates else Candidate("", 0.0)
    abstained = draw(st.booleans())
    numbers = draw(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
    known = KnownFeatures(np.resize(np.array(numbers, np.float32), DIMENSIONS))
    stages = draw(st.dictionaries(TEXTS, st.floats(0, 1e6), max_size=4))
    completion = "" if abstained else best.text
    cached, row = draw(st.booleans()), draw(st.none() | st.integers(0, 2**63))
    return Prediction(completion, best.confidence, known, candidates, stages, cached, "v1", abstained, row)


@given(predictions())
def test_a_prediction_comes_back_as_it_was(given_prediction: Prediction) -> None:
    assert same(from_bytes(to_bytes(given_prediction), "v1", never), given_prediction)


def test_features_that_are_not_known_are_not_computed_to_be_kept() -> None:
    content = to_bytes(prediction("x", features_of=never))
    back = from_bytes(content, "v1", lambda: features(3))
    assert np.array_equal(back.features, features(3)) and len(content) < 1000


def test_features_that_were_kept_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        from_bytes(CONTENT, "v1", never).features[0] = 1


def test_another_versions_prediction_is_none() -> None:
    assert from_bytes(CONTENT, "v2", never) is None


@given(st.binary(max_size=400))
def test_any_bytes_are_none_or_a_prediction(content: bytes) -> None:
    assert from_bytes(content, "v1", never) is None


@given(st.integers(0, len(CONTENT) - 1), st.binary(max_size=3), st.integers(0, 3))
def test_a_prediction_with_a_wound_is_none_or_still_fit_to_be_shown(place: int, patch: bytes, cut: int) -> None:
    back = from_bytes(CONTENT[:place] + patch + CONTENT[place + cut :], "v1", never)
    if back is not None:
        assert back.completion == back.candidates[0].text and math.isfinite(back.total_ms)
        json.dumps(to_plain(back), ensure_ascii=False, allow_nan=False).encode()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
PARTS = st.sampled_from(sorted(json.loads(CONTENT.partition(b"\n")[0])))


@given(PARTS, VALUES)
def test_a_part_of_another_kind_makes_it_none_or_still_fit_to_be_shown(part: str, value: object) -> None:
    head, _newline, tail = CONTENT.partition(b"\n")
    back = from_bytes(json.dumps({**json.loads(head), part: value}).encode() + b"\n" + tail, "v1", never)
    if back is not None:
        json.dumps(to_plain(back), ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": 2.0},
        {"confidence": math.nan},
        {"completion": "rm -rf /"},
        {"latency_ms": {"decode": math.inf}},
        {"latency_ms": {"decode": -1.0}},
        {"latency_ms": {str(number): 1.0 for number in range(100)}},
        {"candidates": [{"text": "return x", "confidence": 0.75, "tokens": ["x"] * 1000}]},
        {"candidates": [{"text": "return x", "confidence": 0.75, "tokens": []}] * (MAX_BEAMS + 1)},
        {"candidates": [{"text": "return x", "confidence": 0.75}]},
        {"more": 1},
    ],
    ids=lambda change: str(change)[:40],
)
def test_what_no_model_answers_is_none(change: dict[str, object]) -> None:
    head, _newline, tail = CONTENT.partition(b"\n")
    assert from_bytes(json.dumps({**json.loads(head), **change}).encode() + b"\n" + tail, "v1", never) is None


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_features_that_are_not_finite_are_none(bad: float) -> None:
    vector = features()
    vector[3] = bad
    assert from_bytes(to_bytes(prediction("x", features_of=KnownFeatures(vector))), "v1", never) is None


def test_nesting_beyond_all_measure_is_none() -> None:
    assert from_bytes(b"[" * 100_000, "v1", never) is None
