"""The model card says what is recorded and nothing else, and no text of a person in it is markup."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.kills import small_card
from dlcodegen_core.config import TrainConfig
from dlcodegen_core.models.saved_model import SavedFile
from dlcodegen_core.registry.labels import Labels
from dlcodegen_core.registry.model_card import limits, model_card
from dlcodegen_core.registry.plain_markdown import plain

CARD = small_card("v3", code_version="0.1.0", metrics={"val_accuracy": 0.25, "val_loss": 1.5, "seconds": 8.0,
                  "held_out_samples": 8, "unknown_share": 0.1, "epochs": 3})  # fmt: skip
LINES = replace(CARD, config=TrainConfig.sequence(), embedder="", tokens=())


def _text(markdown: str) -> str:
    return markdown.replace("\\", "")


def test_it_tells_data_config_code_metrics_with_units_and_files() -> None:
    said = _text(model_card(CARD, Labels("parser"), [SavedFile("model.safetensors", 1234, "cd" * 32)]))
    for fact in (
        "# v3: parser", "d, revision 1", "ab" * 32, "| seed | 0 |", "| Code | 0.1.0 |", "local:test",
        "| Time | 8.0 s |", "25.0%", "1.500 nats a token", "1,234 bytes", "cd" * 32, "## Intended use", "## Limits",
    ):  # fmt: skip
        assert fact in said


def test_a_note_keeps_its_lines_and_headings_can_stand_lower() -> None:
    said = model_card(CARD, Labels("", "one\ntwo"), heading=3)
    assert "> one\\\n> two" in said
    assert "\n#### Limits" in said and said.startswith("### v3\n")


def test_what_was_not_recorded_is_said_to_be_missing() -> None:
    said = _text(model_card(replace(CARD, code_version="", metrics={})))
    assert "| Code | not recorded |" in said
    assert "| Held-out loss | not measured |" in said
    assert not re.search(r"\bnan\b|\bNone\b", said)


def test_limits_follow_from_the_facts() -> None:
    assert any("Only 8 held-out samples" in limit for limit in limits(CARD))
    assert any("10.0% of the true tokens" in limit for limit in limits(CARD))
    assert any("Nothing was held out" in limit for limit in limits(replace(CARD, metrics={"held_out_samples": 0})))
    many = replace(CARD, metrics={"held_out_samples": 5000, "unknown_share": 0.0})
    assert not any("luck" in limit for limit in limits(many))
    assert any("can read that code out of it" in limit for limit in limits(LINES))


def test_it_says_plainly_what_another_training_would_give() -> None:
    assert "Yes: the same data, seed" in model_card(CARD)
    assert "Only if the time limit" in model_card(replace(CARD, config=replace(CARD.config, seconds=5.0)))
    assert "Not exactly. Its training has a time budget" in model_card(LINES)


def test_a_fine_tuned_and_an_imported_version_tell_where_they_come_from() -> None:
    tuned = replace(
        CARD, parent="v2", origin="mine.zip", tuning={"verdict": "better", "exact match": {"of parent": 0.5}}
    )
    said = _text(model_card(tuned))
    assert "| Fine-tuned from | v2 |" in said and "| Imported from | mine.zip |" in said
    assert "| verdict | better |" in said and "| exact match, of parent | 0.5 |" in said


def test_a_report_is_shown_as_it_was_measured() -> None:
    assert "| Lines exactly right | 41 % |" in _text(model_card(LINES, report={"Lines exactly right": "41 %"}))


@pytest.mark.parametrize("text", ["**b**", "<b>x</b>", "[a](http://x)", ":material/home:", "$x$", "a|b", "`c`"])
def test_no_text_of_a_person_becomes_markup(text: str) -> None:
    said = model_card(small_card("v1", dataset=text), Labels(text[:80], text, (text,)))
    assert text not in said
    assert text in _text(said)


@given(st.text())
def test_plain_text_stands_on_one_line_with_every_sign_escaped(text: str) -> None:
    made = plain(text)
    assert "\n" not in made
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_`<\[|$:]", made)
