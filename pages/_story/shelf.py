"""The saved stories: which one is open, its link and its files to take along, and how to get another."""

from urllib.parse import urlencode

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.story.html_page import html_story
from dlcodegen_core.story.store import DamagedStory, SavedStory
from dlcodegen_core.story.story import Story
from dlcodegen_core.story.story_file import MAX_STORY_BYTES, to_bytes
from dlcodegen_core.tasks.kinds import STORY
from pages._shared import frame
from pages._shared.task_watch import watch
from pages._story.navigation import Place

CHOICE, STARTED, UPLOADS, REMOVED = "story.choice", "story.started", "story.uploads", "story.removed"
MEGABYTE = 1_000_000


def choose(service: DLCodeGen) -> str | None:
    """The page's title beside the stories, and the id of the one that is open; None if there is none at all.

    That is the story which the address names, else the newest.
    """
    saved = {found.id: found.story for found in service.stories.all() if isinstance(found, SavedStory)}
    chosen = st.query_params.get("story") or next(iter(saved), None)
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    left.title("Story")
    if chosen in saved and len(saved) > 1:
        st.session_state[CHOICE] = chosen
        right.selectbox(
            "Which story", list(saved), key=CHOICE, format_func=lambda story_id: _title(saved[story_id]),
            on_change=_open_chosen, label_visibility="collapsed",
        )  # fmt: skip
    elif chosen in saved:
        right.caption(frame.plain_text(_title(saved[chosen])))
    return chosen


def nothing_yet(service: DLCodeGen) -> None:
    """Two sentences on what would be here, and the one next step."""
    st.info(
        "A story shows in four steps what a model was before its training, what it learned, how it knows and what a "
        "correction does. It is measured once and can then be shown anywhere, without the model and offline."
    )
    if _versions(service):
        _make(service)
    else:
        frame.link("train", "Train a model first")
    with st.expander("Open a story from a file", icon=":material/folder_open:"):
        _open(service)


def take_away(service: DLCodeGen, story_id: str, story: Story, place: Place) -> None:
    """The link to exactly this place, and the story as a file to open elsewhere or to read without a workbench."""
    with st.container(horizontal=True):
        with st.popover("Link to this", icon=":material/link:"):
            query = urlencode({"story": story_id, "chapter": place.chapter, "example": place.example})
            st.code(f"{(st.context.url or '').split('?')[0]}?{query}", language=None, wrap_lines=True)
            st.caption("Opens this story here, at this chapter and example, for whoever reaches this workbench.")
        st.download_button(
            "Story file", lambda: to_bytes(story), file_name=f"{story_id}.json", mime="application/json",
            icon=":material/download:", on_click="ignore",
            help="Can be opened on the Story page of any workbench: no model, no data and no network is needed there.",
        )  # fmt: skip
        st.download_button(
            "HTML page", lambda: html_story(story).encode(), file_name=f"{story_id}.html", mime="text/html",
            icon=":material/description:", on_click="ignore",
            help="All four chapters in one file that opens in any browser and runs nothing.",
        )  # fmt: skip
        with st.popover("Remove", icon=":material/delete:"):
            st.write("The story goes from this shelf, and links to it lead nowhere. The model it tells of stays.")
            if st.button("Remove this story", key="story.remove", type="primary"):
                _remove(service, story_id)
    st.caption("Both files hold the code that is shown here, and nothing else of yours.")


def show_removed(service: DLCodeGen) -> None:
    """That a story was removed just now, and the way back, until another story is opened."""
    removed = st.session_state.get(REMOVED)
    if removed is None:
        return
    text, back = st.columns([4, 1], vertical_alignment="center")
    text.info(f"Removed: {frame.plain_text(_title(removed))}", icon=":material/delete:")
    if back.button("Undo", key="story.undo", icon=":material/undo:", width="stretch"):
        with frame.plain_errors():
            _show(service.stories.add(removed))


def another(service: DLCodeGen) -> None:
    """How to get another story, and which files here are none."""
    with st.container(horizontal=True):
        if _versions(service):
            with st.popover("Make a story", icon=":material/add:"):
                _make(service)
        with st.popover("Open a story file", icon=":material/folder_open:"):
            _open(service)
    for found in service.stories.all():
        if isinstance(found, DamagedStory) and found.id != st.query_params.get("story"):
            st.caption(f":material/warning: {frame.plain_text(found.problem)}")


def watch_making(service: DLCodeGen) -> None:
    """A story in the making, and when it is done the way to it: by itself for whoever started it here."""
    state = service.tasks.latest(STORY)
    if state is None:
        return
    if state.running:
        watch(service, state.id, f"Making the story of {state.subject}")
        st.caption("It is made in the background; the page can be left.")
        return
    if st.session_state.get(STARTED) != state.id:
        return
    if state.error:
        st.error(frame.plain_text(state.error), icon=":material/error:")
    elif state.result is not None:
        del st.session_state[STARTED]
        _show(str(state.result["story"]))


def _make(service: DLCodeGen) -> None:
    versions = _versions(service)
    chosen = st.selectbox(
        "Version", list(versions), key="story.version", format_func=lambda version: _card_title(versions[version])
    )
    state = service.tasks.latest(STORY)
    busy = state is not None and state.running
    if st.button("Make its story", icon=":material/auto_stories:", type="primary", disabled=busy):
        st.session_state[STARTED] = service.tasks.start(STORY, chosen, {"version": chosen})
        st.rerun()
    st.caption(
        "Puts 40 prompts to the version and to what was there before it, explains some answers and corrects a "
        "mistake. Takes some seconds to a minute, and changes nothing."
    )


def _open(service: DLCodeGen) -> None:
    # A new key empties the field, so that a file is taken once.
    number = st.session_state.setdefault(UPLOADS, 0)
    file = st.file_uploader(
        "A file that was downloaded from the Story page", type="json", key=f"{UPLOADS}.{number}",
        max_upload_size=MAX_STORY_BYTES // MEGABYTE,
    )  # fmt: skip
    if file is None:
        return
    with frame.plain_errors():
        story_id = service.stories.add_file(file.getvalue(), file.name)
        st.session_state[UPLOADS] = number + 1
        _show(story_id)


def _show(story_id: str) -> None:
    """Open a story at its beginning."""
    st.session_state.pop(REMOVED, None)
    st.query_params.from_dict({"story": story_id, "chapter": "1"})
    st.rerun()


def _remove(service: DLCodeGen, story_id: str) -> None:
    st.session_state[REMOVED] = service.stories.remove(story_id)
    st.query_params.clear()
    st.rerun()


def _open_chosen() -> None:
    st.session_state.pop(REMOVED, None)
    st.query_params.from_dict({"story": st.session_state[CHOICE], "chapter": "1"})


def _versions(service: DLCodeGen) -> dict[str, ModelCard]:
    return {card.version: card for card in service.versions.all() if isinstance(card, ModelCard)}


def _card_title(card: ModelCard) -> str:
    return f"{card.version} {card.name} · {card.dataset}".replace("  ", " ")


def _title(story: Story) -> str:
    return f"{story.title} · {story.model.dataset} · {story.made_at[:16].replace('T', ' ')}"
