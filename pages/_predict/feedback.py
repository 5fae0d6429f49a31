"""What a person makes of a completion: accept, edit or reject it with one click, and undo that with another.

A fragment: only these few lines run again, so the page stays where it is.
"""

from dataclasses import dataclass

import streamlit as st

from dlcodegen_core import DLCodeGen, WorkbenchError
from dlcodegen_core.feedback import FEEDBACK_DATASET
from dlcodegen_core.feedback.records import ACCEPTED, EDITED, REJECTED, Feedback, FeedbackEvent, taught_prompt
from pages._predict.asked import Asked
from pages._shared import frame

_SAID = "predict.feedback"
_CORRECTION = "predict.correction"
LEAST_HEIGHT, LINE_HEIGHT, MOST_HEIGHT = 80, 24, 320


@dataclass
class _Said:
    """How far a person has got with one answer. taken_out: whether a rejection took a taught pair out."""

    asked: Asked
    event: FeedbackEvent | None = None
    editing: bool = False
    taken_out: bool = False
    problem: str = ""


@st.fragment
def draw(service: DLCodeGen, asked: Asked) -> None:
    """The three buttons, or what became of pressing one."""
    said = _said(asked)
    if said.event is not None:
        _told(service, said, said.event)
    elif said.editing:
        _edit(service, said)
    else:
        _ask(service, said)
    if said.problem:
        st.error(frame.plain_text(said.problem), icon=":material/error:")


def taught(service: DLCodeGen, asked: Asked) -> None:
    """Where a completion comes from that no model has made."""
    if asked.answer.taught_by is None:
        return
    lesson = service.feedback.memory.lesson_of(asked.answer.taught_by)
    here = lesson is not None and lesson.prompt == taught_prompt(asked.prompt, asked.context)
    where = "for this prompt" if here else "in a place that ends like this one"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f":material/school: Taught, not computed: this is what was taught {where}. The model's own is below.",
            width="content",
            help="Its confidence is no model's: 0.99 where exactly this prompt was taught, else the share of the pairs "
            "taught at such a place that agree.",
        )
        frame.link("dataset", "What was taught", dataset=FEEDBACK_DATASET, panel="Pairs")


def _said(asked: Asked) -> _Said:
    """What was said about this answer; a new answer begins anew."""
    found = st.session_state.get(_SAID)
    if found is None or found.asked is not asked:
        found = st.session_state[_SAID] = _Said(asked)
    return found


def _ask(service: DLCodeGen, said: _Said) -> None:
    nothing = not said.asked.answer.completion.strip()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Accept", icon=":material/check:", key="predict.accept", disabled=nothing, on_click=_say,
            args=(service, said, ACCEPTED), help="The same prompt gives this from now on.",
        )  # fmt: skip
        st.button(
            "Edit", icon=":material/edit:", key="predict.edit", on_click=_begin_edit, args=(said,),
            help="Write what should stand there; the same prompt gives that from now on.",
        )  # fmt: skip
        st.button(
            "Reject", icon=":material/close:", key="predict.reject", disabled=nothing, on_click=_say,
            args=(service, said, REJECTED), help="Counts against the version. If this was taught, it no longer is.",
        )  # fmt: skip


def _edit(service: DLCodeGen, said: _Said) -> None:
    lines = st.session_state.get(_CORRECTION, "").count("\n") + 1
    with st.form("predict.edit_form", border=False):
        st.text_area(
            "What should stand there", key=_CORRECTION, max_chars=20_000,
            height=min(MOST_HEIGHT, max(LEAST_HEIGHT, 40 + LINE_HEIGHT * lines)),
            help="It begins right at the cursor, so without what stands before it. Ctrl+Enter saves it.",
        )  # fmt: skip
        with st.container(horizontal=True, gap="small"):
            st.form_submit_button(
                "Save the correction", type="primary", icon=":material/school:", on_click=_say,
                args=(service, said, EDITED),
            )  # fmt: skip
            st.form_submit_button("Cancel", icon=":material/close:", on_click=_cancel_edit, args=(said,))


def _told(service: DLCodeGen, said: _Said, event: FeedbackEvent) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if event.outcome == REJECTED:
            st.caption(f":material/close: {_rejection(said)}", width="content")
        else:
            what = "this" if event.outcome == ACCEPTED else "your correction"
            st.caption(f":material/school: Learned: the same prompt gives {what} now.", width="content")
        st.button("Undo", icon=":material/undo:", key="predict.undo", on_click=_undo, args=(service, said))
        if event.outcome == EDITED or (event.outcome == REJECTED and said.asked.answer.taught_by is not None):
            again = st.button(
                "Ask again", icon=":material/refresh:", key="predict.again", on_click=_ask_again, args=(said,)
            )
            if again:
                st.rerun()


def _rejection(said: _Said) -> str:
    if said.taken_out:
        return "Rejected, and no longer taught: the model answers this prompt again."
    if said.asked.answer.taught_by is not None:
        return "Rejected here, so it is not offered for this prompt again. Where it was taught it stays."
    return f"Rejected. It counts against {frame.plain_text(said.asked.answer.version)}."


def _say(service: DLCodeGen, said: _Said, outcome: str) -> None:
    asked = said.asked
    said.problem = ""
    try:
        feedback = Feedback(
            outcome,
            asked.prompt,
            asked.answer.completion,
            asked.answer.version,
            correction=st.session_state[_CORRECTION] if outcome == EDITED else "",
            context=asked.context,
            arm=asked.answer.arm,
            latency_ms=asked.answer.total_ms,
            taught_by=asked.answer.taught_by,
        )
        before = service.feedback.memory.lesson(feedback.text)
        said.event = service.answers.tell(feedback)
        said.taken_out = before is not None and service.feedback.memory.lesson(feedback.text) is None
        said.editing = False
    except WorkbenchError as exc:
        said.problem = str(exc)


def _begin_edit(said: _Said) -> None:
    st.session_state[_CORRECTION] = said.asked.answer.completion
    said.editing = True


def _cancel_edit(said: _Said) -> None:
    said.editing, said.problem = False, ""


def _undo(service: DLCodeGen, said: _Said) -> None:
    assert said.event is not None
    said.problem = ""
    try:
        service.feedback.undo(said.event.id)
        said.event = None
    except WorkbenchError as exc:
        said.problem = str(exc)


def _ask_again(said: _Said) -> None:
    st.session_state["predict.prompt"] = said.asked.prompt
    st.session_state["predict.ask"] = True
