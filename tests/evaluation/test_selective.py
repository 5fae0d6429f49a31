"""What a threshold keeps back, against counting by hand."""

import pytest

from dlcodegen_core.evaluation.scores import Answer
from dlcodegen_core.evaluation.selective import offering, offerings


def answer(confidence: float | None, right: bool) -> Answer:
    return Answer("x", confidence, right, right, 100.0 if right else 40.0, 1.0)


ANSWERS = [answer(0.1, False), answer(0.3, False), answer(0.6, True), answer(0.9, True), answer(0.9, False)]


@pytest.mark.parametrize(
    ("threshold", "offered", "right", "similarity"),
    [(0.0, 5, 2, 64.0), (0.3, 4, 2, 70.0), (0.61, 2, 1, 70.0), (1.0, 0, 0, 0.0)],
)
def test_what_is_offered_is_counted(threshold: float, offered: int, right: int, similarity: float) -> None:
    found = offering(ANSWERS, threshold)
    assert (found.offered, found.right, found.edit_similarity) == (offered, right, pytest.approx(similarity))
    assert found.coverage == offered / 5
    assert found.precision == (right / offered if offered else None)


def test_coverage_never_grows_with_the_threshold() -> None:
    found = offerings(ANSWERS)
    assert [each.offered for each in found] == sorted((each.offered for each in found), reverse=True)
    assert all(each.precision is not None for each in found)


def test_an_answer_without_confidence_is_never_sure_enough() -> None:
    assert offering([answer(None, True)], 0.0).offered == 0
    assert offerings([]) == []
