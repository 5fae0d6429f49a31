"""Versions that are not among the others: those from elsewhere, to be brought in, and those in the trash."""

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.registry.trash import TrashedVersion
from pages._models.version_notices import choose, notice
from pages._shared import frame, wording

_UPLOADS = "models.versions.uploads"


def draw(service: DLCodeGen) -> None:
    st.divider()
    _bring_in(service)
    trashed = service.versions.trash()
    if trashed:
        with st.expander(f"Trash ({len(trashed)})", icon=":material/delete:"):
            for each in trashed:
                _trashed(service, each)


def _bring_in(service: DLCodeGen) -> None:
    with st.expander("Bring in a version from a file", icon=":material/unarchive:"):
        st.caption(
            "A file that was exported here or in another workbench. It is checked and asked before it is there: what "
            "it claims is not believed, and nothing in it is run. Give files of more than 100 MB to the command line."
        )
        number = st.session_state.get(_UPLOADS, 0)
        file = st.file_uploader("Exported version", type=["zip"], key=f"models.upload.{number}")
        if file is not None and st.button("Import it", icon=":material/unarchive:", type="primary"):
            with frame.plain_errors(), st.spinner("Checking it …"):
                version = service.versions.import_bundle(file, file.name)
                st.session_state[_UPLOADS] = number + 1
                choose(version)
                notice(f"It is here, as {version}.")
                st.rerun()


def _trashed(service: DLCodeGen, each: TrashedVersion) -> None:
    text, back, away = st.columns([4, 1.4, 1.4], vertical_alignment="center")
    name = f": {frame.plain_text(each.name)}" if each.name else ""
    text.caption(f"**{each.version}**{name}, {wording.size(each.size_bytes)}{_when(each.deleted_at)}")
    if back.button("Bring back", key=f"models.restore.{each.version}", icon=":material/restore_from_trash:"):
        with frame.plain_errors():
            service.versions.restore(each.version)
            choose(each.version)
            notice(f"{each.version} is back.")
            st.rerun()
    with away.popover("Remove for good", icon=":material/delete_forever:"):
        st.write(f"The model, its card and its labels are lost. The number {each.version} is not used again.")
        if st.button(f"Remove {each.version} for good", key=f"models.purge.{each.version}", type="primary"):
            with frame.plain_errors():
                service.versions.purge(each.version)
                notice(f"{each.version} is gone for good.")
                st.rerun()


def _when(deleted_at: str) -> str:
    return f", deleted {wording.ago_of(deleted_at)}" if deleted_at else ""
