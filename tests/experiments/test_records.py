"""What can be counted, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.errors import ExperimentError
from dlcodegen_core.experiments.records import ACCEPTED, EDITED, REJECTED, Outcome, parse_arm


def test_an_accepted_answer_was_kept_whole_and_a_rejected_one_not_at_all():
    assert Outcome("1:A", "v1", ACCEPTED).similarity == 1
    assert Outcome("1:A", "v1", REJECTED, similarity=0.9).similarity == 0
    assert Outcome("1:A", "v1", EDITED, similarity=0.87654).similarity == 0.877


@pytest.mark.parametrize("similarity", [None, -0.1, 1.1, float("nan"), True, "0.5"])
def test_an_edited_answer_needs_its_similarity(similarity):
    with pytest.raises(ExperimentError, match="similarity of an edited answer"):
        Outcome("1:A", "v1", EDITED, similarity=similarity)


def test_an_unknown_outcome_is_refused():
    with pytest.raises(ExperimentError, match="Use one of: accepted, edited, rejected"):
        Outcome("1:A", "v1", "liked")


def test_a_label_names_a_test_and_an_arm():
    assert parse_arm("12:B") == (12, 1)


@pytest.mark.parametrize(
    "label", ["", "A", "0:A", "1:C", "1:A ", "1:a", "-1:A", "1:A\n", "9999999999:A", "١:A", None, 3]
)
def test_anything_else_names_no_arm(label):
    with pytest.raises(ExperimentError, match="names no arm"):
        parse_arm(label)


@given(st.text())
def test_any_text_is_either_a_label_or_refused_in_words(text):
    try:
        parse_arm(text)
    except ExperimentError as exc:
        assert "names no arm" in str(exc)
