"""What a story shows is chosen by a rule that it tells."""

from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.story.choosing import choose
from dlcodegen_core.story.story import FEWEST_EXAMPLES, MOST_EXAMPLES, StoryAnswer


def answer(right: bool = False, similarity: float = 20.0, confidence: float = 0.5, text: str = "x") -> StoryAnswer:
    return StoryAnswer(text, confidence, right, 100.0 if right else similarity, {})


ANSWERS = st.builds(answer, st.booleans(), st.floats(0, 99), st.floats(0, 1), st.sampled_from(["x", ""]))


def test_those_come_first_that_became_right_then_those_that_came_nearer() -> None:
    before = [answer(), answer(), answer(), answer()]
    after = [answer(), answer(similarity=80), answer(True), answer(similarity=25, confidence=0.9)]
    assert choose(before, after, lines=True) == [(2, "helped"), (1, "helped"), (0, "drawn"), (3, "mistake")]


def test_a_little_more_likeness_is_no_help() -> None:
    assert choose([answer(), answer()], [answer(similarity=25), answer(True)], lines=True) == [
        (1, "helped"),
        (0, "mistake"),
    ]


def test_likeness_tells_nothing_of_tokens() -> None:
    assert choose([answer()], [answer(similarity=90)], lines=False) == [(0, "mistake")]


def test_the_mistake_is_the_wrong_answer_it_was_surest_of_and_no_silence() -> None:
    after = [answer(confidence=0.2), answer(confidence=0.7), answer(confidence=0.9, text=" "), answer(True)]
    chosen = dict(choose([answer(True)] * 4, after, lines=True))
    assert chosen[1] == "mistake"


def test_without_a_mistake_there_is_none() -> None:
    assert choose([answer(True)], [answer(True)], lines=True) == [(0, "drawn")]


@given(st.lists(st.tuples(ANSWERS, ANSWERS), min_size=1, max_size=40), st.booleans())
def test_no_prompt_is_shown_twice_and_never_too_many(pairs: list[tuple[StoryAnswer, StoryAnswer]], lines: bool) -> None:
    before, after = [early for early, _late in pairs], [late for _early, late in pairs]
    chosen = choose(before, after, lines)
    assert FEWEST_EXAMPLES <= len(chosen) <= MOST_EXAMPLES
    assert len({number for number, _why in chosen}) == len(chosen)
    assert all(not after[number].right for number, why in chosen if why == "mistake")
    assert [why for _number, why in chosen].count("mistake") == (1 if "mistake" in dict(chosen).values() else 0)
