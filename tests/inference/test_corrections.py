"""What was taught comes before what the model says, within the limits of the request."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.feedback import FEEDBACK_DATASET
from dlcodegen_core.feedback.memory import CorrectionMemory
from dlcodegen_core.inference.corrections import STAGE, overlay
from dlcodegen_core.inference.prediction import Candidate, KnownFeatures, Prediction, PredictionRequest
from dlcodegen_core.inference.request_log import STAGES
from dlcodegen_core.storage.database import open_database

LINE = "def total(prices):\n    result = "
LINES = "class Cart:\n    def total(self):\n"
PAIRS = [Pair(LINE, "math.fsum(prices)"), Pair(LINES, "        result = sum(self)\n        return result")]
OWN = (Candidate("sum(prices)", 0.8), Candidate("math.fsum(prices)", 0.1))
PREDICTION = Prediction(
    "sum(prices)", 0.8, KnownFeatures(np.zeros(544, np.float32)), OWN, {"decode": 3.0}, False, "v1"
)  # fmt: skip


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[CorrectionMemory]:
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    store = DatasetStore(engine)
    store.create(FEEDBACK_DATASET, PAIRS)
    yield CorrectionMemory(store)
    engine.dispose()


def ask(prompt: str, **options: object) -> PredictionRequest:
    return PredictionRequest.of(prompt, **{"max_tokens": 48, **options})  # type: ignore[arg-type]


def test_a_taught_text_is_the_first_candidate_and_the_models_own_follow(memory: CorrectionMemory) -> None:
    found = overlay(PREDICTION, ask(LINE), memory)
    assert (found.completion, found.confidence, found.version) == ("math.fsum(prices)", 0.99, "v1")
    assert [candidate.text for candidate in found.candidates] == ["math.fsum(prices)", "sum(prices)"]
    assert "".join(found.candidates[0].tokens) == found.completion
    assert found.taught_by is not None
    assert found.plain_fields["taught_by"] == found.taught_by
    assert PREDICTION.taught_by is None  # the cache's own stays as it was
    assert "taught_by" not in PREDICTION.plain_fields


def test_the_search_is_a_stage_of_its_own_and_the_stages_add_up(memory: CorrectionMemory) -> None:
    for prompt in (LINE, "something else = "):
        found = overlay(PREDICTION, ask(prompt), memory)
        assert list(found.latency_ms) == ["decode", STAGE]
        assert found.total_ms == pytest.approx(3.0 + found.latency_ms[STAGE])
        assert 0 < found.latency_ms[STAGE] < 1_000
    assert STAGE in STAGES
    assert PREDICTION.latency_ms == {"decode": 3.0}


def test_a_prompt_that_nothing_was_taught_for_is_left_to_the_model(memory: CorrectionMemory) -> None:
    found = overlay(PREDICTION, ask("something else = "), memory)
    assert (found.completion, found.candidates, found.taught_by) == ("sum(prices)", OWN, None)


def test_context_counts_as_it_does_for_the_model(memory: CorrectionMemory) -> None:
    context, prompt = LINE.split("\n")
    assert overlay(PREDICTION, ask(prompt, context=[context]), memory).completion == "math.fsum(prices)"


def test_a_taught_text_ends_before_a_stop_string(memory: CorrectionMemory) -> None:
    assert overlay(PREDICTION, ask(LINES), memory).completion == PAIRS[1].target
    assert overlay(PREDICTION, ask(LINES, stop=["\n"]), memory).completion == "        result = sum(self)"
    typed = ask(f"{LINES}        result = sum(self)\n", stop=["\n"])
    assert overlay(PREDICTION, typed, memory).completion == "        return result"
    nothing_left = ask(f"{LINES}        result = sum(self)", stop=["\n"])
    assert overlay(PREDICTION, nothing_left, memory).completion == "sum(prices)"


def test_lines_that_stand_behind_the_cursor_are_not_said_again(memory: CorrectionMemory) -> None:
    for suffix, wanted in (
        ("\n        return result\n\nclass Other:\n", "        result = sum(self)"),
        ("\n        return result", "        result = sum(self)"),
        ("\n        return other\n", PAIRS[1].target),
        ("        return result\n", PAIRS[1].target),
        ("\n\n\n", PAIRS[1].target),
    ):
        assert overlay(PREDICTION, ask(LINES, suffix=suffix), memory).completion == wanted


def test_the_taught_prompt_itself_gets_all_and_another_place_as_many_tokens_as_asked_for(
    memory: CorrectionMemory,
) -> None:
    assert overlay(PREDICTION, ask(LINE, max_tokens=1), memory).completion == "math.fsum(prices)"
    elsewhere = f"# other\n{LINE}"
    assert overlay(PREDICTION, ask(elsewhere, max_tokens=3), memory).completion == "math.fsum"
    assert overlay(PREDICTION, ask(f"x\n{LINES}", max_tokens=6), memory).completion == "        result = sum(self)"


def test_a_taught_text_that_is_less_sure_than_asked_for_changes_nothing(memory: CorrectionMemory) -> None:
    elsewhere = f"# other\n{LINE}"
    assert overlay(PREDICTION, ask(elsewhere, min_confidence=0.6), memory).completion == "math.fsum(prices)"
    assert overlay(PREDICTION, ask(elsewhere, min_confidence=0.7), memory).taught_by is None


def test_a_model_that_abstained_is_answered_for(memory: CorrectionMemory) -> None:
    silent = Prediction("", 0.2, PREDICTION.features_of, OWN, {}, False, "v1", abstained=True)
    found = overlay(silent, ask(LINE, min_confidence=0.9), memory)
    assert (found.completion, found.abstained) == ("math.fsum(prices)", False)
