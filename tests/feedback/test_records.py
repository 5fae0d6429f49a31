"""What can be said about a completion, and what is refused in plain words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.errors import RequestError
from dlcodegen_core.features.request_text import MAX_TEXT_CHARACTERS
from dlcodegen_core.feedback.records import ACCEPTED, EDITED, REJECTED, Feedback, pair_fingerprint

GIVEN = {"outcome": ACCEPTED, "prompt": "x = ", "completion": "1", "version": "v1"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"outcome": "liked"}, "Use one of: accepted, edited, rejected"),
        ({"source": "post"}, "Use one of: page, http"),
        ({"prompt": " \n"}, "The prompt is empty"),
        ({"prompt": None}, "The prompt is NoneType"),
        ({"prompt": "x" * (MAX_TEXT_CHARACTERS + 1)}, "100,001 characters"),
        ({"prompt": "x\ud800"}, "lone surrogate"),
        ({"completion": "\0"}, "NUL"),
        ({"completion": " "}, "nothing to accept"),
        ({"context": "import os"}, "Give a list of strings"),
        ({"context": ["a", 3]}, "A context line is int"),
        ({"outcome": EDITED, "correction": " \n"}, "The correction is empty"),
        ({"correction": "2"}, "Send it as edited"),
        ({"version": ""}, "The version is empty"),
        ({"version": "v" * 201}, "at most 200 printable"),
        ({"arm": "a\nb"}, "arm is no name"),
        ({"user": 3}, "user is int"),
        ({"latency_ms": float("nan")}, "latency_ms is nan"),
        ({"latency_ms": True}, "latency_ms is True"),
        ({"latency_ms": -1}, "latency_ms is -1"),
        ({"taught_by": 0}, "taught_by is 0"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_advice(changes: dict[str, object], told: str) -> None:
    with pytest.raises(RequestError, match=told):
        Feedback(**{**GIVEN, **changes})  # type: ignore[arg-type]


def test_the_text_before_the_cursor_is_context_and_prompt() -> None:
    assert Feedback(**{**GIVEN, "context": ["import os"]}).text == "import os\nx = "  # type: ignore[arg-type]


def test_of_a_text_longer_than_a_pair_holds_the_end_is_taught() -> None:
    long = Feedback(**{**GIVEN, "context": ["a" * 60_000, "b" * 60_000]})  # type: ignore[arg-type]
    assert len(long.text) == MAX_TEXT_CHARACTERS
    assert long.text.endswith("b\nx = ")


def test_what_is_kept_is_the_completion_or_its_correction() -> None:
    assert Feedback(**GIVEN).kept == "1"  # type: ignore[arg-type]
    assert Feedback(EDITED, "x = ", "1", "v1", correction="2").kept == "2"
    assert Feedback(EDITED, "x = ", "", "v1", correction="2").kept == "2"
    assert Feedback(REJECTED, "x = ", "1", "v1").kept == ""


def test_an_edit_that_changes_nothing_is_an_acceptance() -> None:
    same = Feedback(EDITED, "x = ", "1", "v1", correction="1")
    assert (same.outcome, same.correction, same.kept) == (ACCEPTED, "", "1")


@given(st.text(), st.text(), st.sampled_from((ACCEPTED, EDITED, REJECTED)), st.text())
def test_any_text_is_kept_as_it_is_or_refused(prompt: str, completion: str, outcome: str, correction: str) -> None:
    try:
        kept = Feedback(outcome, prompt, completion, "v1", correction=correction)
    except RequestError as exc:
        assert str(exc)
    else:
        assert (kept.prompt, kept.completion) == (prompt, completion)
        assert kept.outcome == REJECTED or kept.kept.strip()


def test_a_pairs_fingerprint_is_the_sha256_of_prompt_and_target() -> None:
    assert pair_fingerprint("a", "b") == "59b271ae1bbcb1d31d41929817f4b16fb439eb4f31520b5ad1d5ce98920a7138"
    assert pair_fingerprint("a", "b") != pair_fingerprint("ab", "")
