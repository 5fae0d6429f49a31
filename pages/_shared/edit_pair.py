"""One pair of a stored dataset, changed where it is looked at: a dialog that saves a new revision."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.pairs import check_pairs
from dlcodegen_core.data.store import DatasetInfo, Edits, PairRow
from dlcodegen_core.errors import EditConflict
from pages._shared import frame


@st.dialog("Edit this pair", width="large", icon=":material/edit:")
def edit_pair(
    service: DLCodeGen, info: DatasetInfo, row: PairRow, note: str, then: Callable[[int | None], None]
) -> None:
    """Ask for new texts. info, row: as they were when the dialog was opened; then: told the id of the edited row."""
    pair = row.pair
    with st.form(f"pair.edit.{row.id}", border=False):
        prompt = st.text_area("Prompt: what stands before the cursor", pair.prompt, height=260)
        target = st.text_area("Target: what should come next", pair.target, height=140)
        st.caption("Saved as a new revision; the old one stays. A model knows of it once it is trained again.")
        pressed = st.form_submit_button("Save as a new revision", type="primary", icon=":material/save:")
    if not pressed:
        return
    with frame.plain_errors():
        try:
            edited = save_edit(service, info, row, prompt, target, note)
        except EditConflict as exc:
            st.error(frame.plain_text(str(exc)), icon=":material/error:")
            st.caption("Copy what you have written, close this, and edit the pair as it is now.")
            return
        then(edited)
        st.toast("Saved as a new revision.", icon=":material/save:")
        st.rerun()


def save_edit(service: DLCodeGen, info: DatasetInfo, row: PairRow, prompt: str, target: str, note: str) -> int | None:
    """Save a row's new texts on top of the revision of `info`; the id of the row that came of it.

    Raises EditConflict if somebody saved since, DatasetError for texts that cannot be a pair.
    """
    changed = replace(row.pair, prompt=prompt, target=target)
    check_pairs([changed], "Your change")
    service.datasets.save(info.name, info.revision, Edits(changed={row.id: changed}), note)
    # An edit ends a row's life and begins another's, the newest of all.
    newest = max(service.datasets.living(info.name).positions, default=None)
    found = service.datasets.row(info.name, newest) if newest is not None else None
    return found.id if found is not None and found.pair == changed else None


def delete_pair(service: DLCodeGen, name: str, row_id: int, note: str) -> None:
    """Move a pair to its dataset's trash. Raises DatasetError."""
    revision = service.datasets.info(name).revision
    service.datasets.save(name, revision, Edits(deleted=[row_id]), note)
    st.toast("It lies in the dataset's trash now.", icon=":material/delete:")
