"""Take a dataset out as a file, rename it, or move it to the trash; and bring datasets back from there."""

from pathlib import Path

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.formats import FORMATS
from dlcodegen_core.data.store import MAX_NAME_CHARACTERS, DatasetInfo
from dlcodegen_core.serving.routes import WRITTEN_FILES
from dlcodegen_core.tasks.kinds import WRITE
from pages._dataset import state
from pages._shared import frame, wording
from pages._shared.task_watch import watch

FORMAT_HELP = {
    "json": "JSON: one object with two lists, the workbench's own format",
    "jsonl": "JSONL: one pair a line",
    "csv": "CSV: for spreadsheets; cells that a spreadsheet would run as formulas are made harmless",
    "parquet": "Parquet: small and fast, for data tools",
}
KEPT_IN_MEMORY = 20_000_000  # a button's file is; larger ones are streamed from the disk
MIME = {
    "json": "application/json", "jsonl": "application/jsonl", "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}  # fmt: skip


def draw(service: DLCodeGen, info: DatasetInfo) -> None:
    _download(service, info)
    st.divider()
    rename, trash = st.columns(2, vertical_alignment="bottom")
    with rename.form("dataset.rename", border=False):
        name = st.text_input("Name", info.name, max_chars=MAX_NAME_CHARACTERS)
        if st.form_submit_button("Rename", icon=":material/edit:"):
            with frame.plain_errors():
                renamed = service.datasets.rename(info.name, name)
                state.drop(info.name)
                st.query_params["dataset"] = renamed.name
                state.notice(f"It is called {renamed.name} now.")
                st.rerun()
    if trash.button("Move this dataset to the trash", icon=":material/delete:", help="It can be brought back below."):
        service.datasets.delete(info.name)
        state.drop(info.name)
        state.notice(f"{info.name} lies in the trash now. Bring it back at the end of this page.")
        st.rerun()


def _download(service: DLCodeGen, info: DatasetInfo) -> None:
    chosen = st.segmented_control("Download as", list(FORMATS), default=FORMATS[0], required=True)
    st.caption(FORMAT_HELP[chosen] + ". All formats carry everything, and come in again as they went out.")
    subject = f"{info.name} {info.fingerprint} {chosen}"
    task = service.tasks.latest(WRITE, subject)
    if task is None or (not task.running and task.result is None):
        if task is not None and task.error:
            st.error(frame.plain_text(task.error), icon=":material/error:")
        if st.button(f"Write {info.pair_count:,} pairs to a file", icon=":material/save:"):
            with frame.plain_errors():
                service.tasks.start(WRITE, subject, {"dataset": info.name, "format": chosen})
                st.rerun()
        return
    if task.running:
        watch(service, task.id, "Writing")
        return
    assert task.result is not None
    label = f"Download {info.name}.{chosen} ({wording.size(task.result['size_bytes'])})"
    if task.result["size_bytes"] > KEPT_IN_MEMORY:
        st.link_button(label, f"{WRITTEN_FILES}/{task.id}", icon=":material/download:", type="primary")
        return
    st.download_button(
        label,
        Path(task.result["path"]).read_bytes,
        file_name=f"{info.name}.{chosen}",
        mime=MIME[chosen],
        icon=":material/download:",
        on_click="ignore",
        type="primary",
    )


def trash(service: DLCodeGen) -> None:
    """Datasets in the trash."""
    for info in service.datasets.deleted():
        left, right = st.columns([4, 1], vertical_alignment="center")
        left.caption(
            f"In the trash: {frame.plain_text(info.name)}, {info.pair_count:,} pairs, revision {info.revision}"
        )
        if right.button("Bring back", key=f"dataset.undelete.{info.name}.{info.changed_at}"):
            with frame.plain_errors():
                service.datasets.undelete(info.name)
                st.rerun()
