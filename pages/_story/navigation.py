"""Where the reader is: chapter and example, kept in the address, and the ways from there."""

from dataclasses import dataclass

import streamlit as st

from dlcodegen_core.story.story import Story
from dlcodegen_core.story.telling import CHAPTERS

CHAPTER, EXAMPLE = "chapter", "example"
CHAPTER_CHOICE, EXAMPLE_CHOICE = "story.chapter", "story.example"
NAMES = {chapter.number: f"{chapter.number} {chapter.name}" for chapter in CHAPTERS}


@dataclass(frozen=True, slots=True)
class Place:
    """Counted from 1, both of them there."""

    chapter: int
    example: int


def opened(story: Story) -> Place:
    """The place that the address names; what is not there counts as the first."""
    return Place(_number(CHAPTER, len(CHAPTERS)), _number(EXAMPLE, len(story.examples)))


def progress_line(place: Place) -> None:
    """How far it is, the chapters to choose from, and the way on and back, by arrow keys as well."""
    # The address decides; a choice that is made here reaches the address first.
    st.session_state[CHAPTER_CHOICE] = place.chapter
    st.progress(place.chapter / len(CHAPTERS))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.button(
            "Back", key="story.back", disabled=place.chapter == 1, shortcut="Left",
            on_click=_go_to_chapter, args=(place.chapter - 1,),
        )  # fmt: skip
        st.segmented_control(
            "Chapter", list(NAMES), key=CHAPTER_CHOICE, format_func=NAMES.__getitem__, required=True,
            label_visibility="collapsed", on_change=_follow_chapter,
        )  # fmt: skip
        st.button(
            "Next", key="story.next", type="primary",
            disabled=place.chapter == len(CHAPTERS), shortcut="Right", on_click=_go_to_chapter,
            args=(place.chapter + 1,),
        )  # fmt: skip


def next_step(place: Place) -> None:
    """The next chapter, offered where a reader arrives at the end of this one."""
    if place.chapter < len(CHAPTERS):
        following = CHAPTERS[place.chapter]
        st.button(
            f"Next: {following.question}", icon=":material/arrow_forward:", icon_position="right",
            key="story.next_below", on_click=_go_to_chapter, args=(following.number,),
        )  # fmt: skip
    else:
        st.button("Back to the beginning", icon=":material/replay:", on_click=_go_to_chapter, args=(1,))


def choose_example(story: Story, place: Place) -> None:
    """Which of the story's prompts to look at."""
    st.session_state[EXAMPLE_CHOICE] = place.example
    st.segmented_control(
        "Example", list(range(1, len(story.examples) + 1)), key=EXAMPLE_CHOICE, required=True,
        format_func=lambda number: f"Example {number}", label_visibility="collapsed", on_change=_follow_example,
    )  # fmt: skip


def _number(name: str, most: int) -> int:
    given = st.query_params.get(name, "")
    return int(given) if len(given) <= 2 and given.isascii() and given.isdigit() and 1 <= int(given) <= most else 1


def _go_to_chapter(number: int) -> None:
    st.query_params[CHAPTER] = str(number)


def _follow_chapter() -> None:
    _go_to_chapter(st.session_state[CHAPTER_CHOICE])


def _follow_example() -> None:
    st.query_params[EXAMPLE] = str(st.session_state[EXAMPLE_CHOICE])
