"""What the Versions panel remembers of a visitor: the version looked at, and something to say after the next run."""

import streamlit as st

from dlcodegen_core import DLCodeGen
from pages._shared import frame

CHOSEN = "models.versions.chosen"
WANTED = "models.versions.wanted"
_NOTICE = "models.versions.notice"
_DELETED = "models.versions.deleted"


def choose(version: str) -> None:
    """Look at this version from the next drawing of the choice on."""
    st.session_state[WANTED] = version


def notice(text: str, deleted: str = "") -> None:
    """Say something after the next run. deleted: a version that can be brought back beside it."""
    st.session_state[_NOTICE], st.session_state[_DELETED] = text, deleted


def show_notice(service: DLCodeGen) -> None:
    """Say what there is to say, once; a deletion can be undone until something else happens."""
    deleted = st.session_state.get(_DELETED, "")
    text = st.session_state.get(_NOTICE) if deleted else st.session_state.pop(_NOTICE, None)
    if not text:
        return
    st.success(frame.plain_text(text), icon=":material/check:")
    if deleted and st.button(f"Undo: bring {deleted} back", icon=":material/undo:"):
        notice("")
        with frame.plain_errors():
            service.versions.restore(deleted)
            choose(deleted)
            notice(f"{deleted} is back.")
            st.rerun()
