"""What feedback teaches, as lessons."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.training.tuning.lessons import TAIL_CHARACTERS, Lesson, lessons_of, set_aside, tail, taught_lines

MANY = [Lesson(f"prompt {number}\n", f"target_{number}()") for number in range(40)]


def test_a_lesson_is_named_by_a_digest_of_prompt_and_target():
    assert Lesson("a", "b").digest == hashlib.sha256(b"a\0b").hexdigest()


def test_the_same_pair_twice_is_one_lesson():
    assert lessons_of([Pair("a", "b"), Pair("a", "b", source="x.py"), Pair("a", "c")]) == [
        Lesson("a", "b"),
        Lesson("a", "c"),
    ]


def test_a_target_that_begins_on_the_next_line_is_asked_for_from_its_indentation_on():
    lesson = Lesson("def f():", "\n    return 1  \n    # the end")
    assert lesson.question == "def f():\n    "
    assert lesson.line == "return 1"


def test_blanks_within_the_line_belong_to_what_is_taught():
    assert (Lesson("x =", "  1").question, Lesson("x =", "  1").line) == ("x =", "  1")


@given(st.text(max_size=50), st.text(min_size=1, max_size=50).filter(str.strip))
def test_question_and_line_are_a_beginning_of_what_is_taught(prompt, target):
    lesson = Lesson(prompt, target)
    assert lesson.line.strip() and "\n" not in lesson.line
    assert (prompt + target).startswith(lesson.question + lesson.line)


@given(st.text(max_size=3 * TAIL_CHARACTERS))
def test_the_tail_is_the_end_of_a_prompt_and_never_longer_than_is_kept(prompt):
    assert prompt.endswith(tail(prompt)) and len(tail(prompt)) <= TAIL_CHARACTERS
    assert tail(prompt) or not prompt


def test_a_long_prompt_is_cut_at_the_beginning_of_a_line():
    prompt = "".join(f"line {number}\n" for number in range(100)) + "    "
    assert tail(prompt).startswith("line ") and tail(prompt).endswith("line 99\n    ")


def test_every_line_of_a_lesson_is_taught():
    assert taught_lines([Lesson("a = 1\n  b", " = 2\n\nc = 3")]) == {"a = 1", "b = 2", "c = 3"}


def test_a_fifth_is_set_aside_always_the_same():
    first, aside = set_aside(MANY)
    assert len(aside) == 8 and sorted([*first, *aside], key=MANY.index) == MANY
    assert set(set_aside(MANY[::-1])[1]) == set(aside)


def test_of_few_lessons_none_is_set_aside():
    assert set_aside(MANY[:19]) == (MANY[:19], [])


def test_lessons_of_one_prompt_stand_on_one_side():
    doubled = [*MANY, *(Lesson(lesson.prompt, "other") for lesson in MANY)]
    first, aside = set_aside(doubled)
    assert {lesson.prompt for lesson in first}.isdisjoint(lesson.prompt for lesson in aside)
