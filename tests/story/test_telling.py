"""Sentences say what the numbers say, also where that is nothing to be proud of."""

import dataclasses

import pytest

from dlcodegen_core.evaluation.line_metrics import Interval
from dlcodegen_core.story import telling
from dlcodegen_core.story.story import StoryAnswer
from tests.story.story_samples import story_saying


def with_figures(**changes: object):
    story = story_saying()
    return dataclasses.replace(story, figures=dataclasses.replace(story.figures, **changes))


@pytest.mark.parametrize(
    ("gain", "told"),
    [
        (Interval(5, 1, 9), "5 points of likeness better than before"),
        (Interval(-5, -9, -1), "5 points of likeness worse than before"),
        (Interval(5, -1, 11), "cannot tell whether that is better"),
    ],
)
def test_what_chance_may_have_done_is_not_called_better(gain: Interval, told: str) -> None:
    assert told in telling.headline(with_figures(gain=gain), 2)


def test_prompts_that_were_learned_from_are_told_as_such() -> None:
    assert "HAS learned from" in telling.asked_of(with_figures(held_out=False).figures)
    assert "has not learned from" in telling.asked_of(with_figures().figures)


def test_one_is_one() -> None:
    story = with_figures()
    one = dataclasses.replace(story.figures.after, right=Interval(1 / 40, 0, 0.1))
    assert "1 of 40 lines was exactly right" in telling.headline(with_figures(after=one), 2)


def test_a_correction_that_did_not_help_is_told() -> None:
    story = story_saying()
    assert story.correction is not None
    wrong = dataclasses.replace(story.correction, after=StoryAnswer("x", 0.5, False, 0.0, {}))
    assert "still not right" in telling.headline(dataclasses.replace(story, correction=wrong), 4)


def test_a_verdict_has_its_confidence_and_time() -> None:
    assert telling.verdict(StoryAnswer("x", 0.5, True, 100.0, {"decode": 2.0}, cached=True)) == (
        "right, 0.50 sure, 2.0 ms from the cache"
    )
    assert telling.verdict(StoryAnswer("", None, False, 0.0, {})) == "not right"
