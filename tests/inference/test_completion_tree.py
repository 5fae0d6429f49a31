"""Typing along a suggestion."""

import math

from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.inference.completion_tree import Branch, CompletionTree

FIRST = Branch(("re", "turn", " x"), (-0.1, -0.2, -0.3, -0.4))
SECOND = Branch(("raise", " X"), (-1.0, -2.0))


def tree():
    kept = CompletionTree()
    kept.put("options", "def f():\n    ", [FIRST, SECOND])
    return kept


def test_what_is_left_is_offered_with_the_chance_of_what_is_left():
    (rest,) = tree().find("options", "def f():\n    retu")
    assert rest.text == "rn x"
    assert math.isclose(rest.log_probability, -0.9)


def test_all_candidates_that_still_fit_are_offered():
    assert [branch.text for branch in tree().find("options", "def f():\n    r")] == ["eturn x", "aise X"]


def test_leaving_the_first_suggestion_asks_anew():
    assert tree().find("options", "def f():\n    ra") == []


def test_other_options_and_other_prompts_ask_anew():
    assert tree().find("others", "def f():\n    re") == []
    assert tree().find("options", "def g():\n    re") == []


def test_a_suggestion_typed_to_its_end_asks_anew():
    assert tree().find("options", "def f():\n    return x") == []


def test_the_oldest_request_is_forgotten_first():
    kept = CompletionTree(requests=1)
    kept.put("o", "a", [FIRST])
    kept.put("o", "b", [FIRST])
    assert kept.find("o", "are") == []
    assert kept.find("o", "bre")


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5), st.integers(0, 30))
def test_typed_and_left_are_the_whole_text(pieces, count):
    branch = Branch(tuple(pieces), (-1.0,) * len(pieces))
    typed = branch.text[:count]
    rest = branch.after(typed)
    assert (rest is None) == (typed == branch.text)
    assert rest is None or typed + rest.text == branch.text
