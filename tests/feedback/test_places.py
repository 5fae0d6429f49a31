"""Places where texts break off, and how far texts agree."""

from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.feedback.places import common_beginning, place_of, places_along, visible_characters

code = st.text(st.sampled_from("ab \n\t(é"), min_size=1, max_size=60)


def test_a_place_is_the_last_two_lines_that_show_something() -> None:
    assert place_of("import os\n\ndef load(path):\n    return ") == "def load(path):\n    return "
    assert place_of("import os\ndef load(path):\n    ") == "import os\ndef load(path):\n    "
    assert place_of("x") == "x"


def test_blank_lines_and_blanks_at_the_ends_of_lines_make_no_other_place() -> None:
    assert place_of("def load(path):  \n\n   \n    return ") == place_of("def load(path):\n    return ")


def test_another_indentation_is_another_place() -> None:
    assert place_of("def load(path):\n    ") != place_of("def load(path):\n        ")


@given(code, st.integers(0, 30))
def test_the_places_along_a_text_are_those_of_its_beginnings(text: str, most: int) -> None:
    found = list(places_along(text, most))
    assert [fewer for fewer, _place in found] == list(range(min(most, len(text) - 1) + 1))
    assert all(place == place_of(text[: len(text) - fewer]) for fewer, place in found)


@given(code, code, code)
def test_texts_agree_as_far_as_their_common_prefix(one: str, other: str, shared: str) -> None:
    one, other = shared * 9 + one, shared * 9 + other
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    assert common_beginning(one, other) == same


def test_blanks_are_not_visible() -> None:
    assert visible_characters("a b\n\t(c") == 4
