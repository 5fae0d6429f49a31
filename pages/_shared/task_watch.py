"""A task's progress on a page: a bar that moves by itself, and a way to call it off."""

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.tasks.task import TaskState
from pages._shared import frame

REFRESH_SECONDS = 0.4


def watch(service: DLCodeGen, task: str, title: str, stop_label: str = "Cancel") -> TaskState | None:
    """Show a running task; the page runs once more when it is over. Returns its state as of now."""
    state = service.tasks.state(task)
    if state is not None and state.running:
        st.fragment(_live, run_every=REFRESH_SECONDS)(service, task, title, stop_label)
    return state


def _live(service: DLCodeGen, task: str, title: str, stop_label: str) -> None:
    state = service.tasks.state(task)
    if state is None or not state.running:
        st.rerun()
        return
    count = f": {state.done:,} of {state.total:,}" if state.total else f": {state.done:,}" if state.done else ""
    of_a_share = state.total == 1_000  # thousandths, which nobody needs to read
    told = f" – {state.what}{'' if of_a_share else count} …"
    st.progress(state.share, text=frame.plain_text(f"{title}{told}"))
    if st.button(stop_label, key=f"task.stop.{task}", icon=":material/close:"):
        service.tasks.cancel(task)
        st.rerun()
