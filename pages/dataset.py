"""Dataset: bring pairs in, look at them, mend them, save a revision, take them out again."""

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.formats import read_dataset, write_dataset
from dlcodegen_core.data.pairs import Pair, check_pairs
from dlcodegen_core.data.store import DatasetInfo, PairRow
from pages._shared import first_launch, frame, wording
from pages._shared.edits import PendingEdits

ROWS_A_PAGE = 100
PREVIEW_CHARACTERS = 300
PENDING = "dataset.pending_edits"
NOTICE = "dataset.notice"
TABLE_VISIT = "dataset.table_visit"
UPLOAD_VISIT = "dataset.upload_visit"

service = frame.begin("dataset")


def _pending(info: DatasetInfo) -> PendingEdits:
    """The unsaved changes of this visitor; those of another dataset or of an older revision are kept with it."""
    drafts: dict[str, PendingEdits] = st.session_state.setdefault(PENDING, {})
    if info.name not in drafts or not len(drafts[info.name]):
        drafts[info.name] = PendingEdits(info.name, info.revision)
    return drafts[info.name]


def _drop(name: str) -> None:
    st.session_state.get(PENDING, {}).pop(name, None)
    _new_table()


def _new_table() -> None:
    """Give the table a new key, so that its selection is empty again."""
    st.session_state[TABLE_VISIT] = st.session_state.get(TABLE_VISIT, 0) + 1


def _notice(text: str) -> None:
    """Say something after the next run."""
    st.session_state[NOTICE] = text


def _upload(service: DLCodeGen) -> None:
    visit = st.session_state.get(UPLOAD_VISIT, 0)
    file = st.file_uploader(
        "A dataset file (JSON)",
        type="json",
        key=f"dataset.upload.{visit}",
        help='One object with two lists of equal length: {"inputs": ["prompt", …], "targets": ["completion", …]}',
    )
    if file is None:
        st.caption('One JSON object: `{"inputs": ["prompt", …], "targets": ["completion", …]}`')
        return
    with frame.plain_errors():
        pairs = read_dataset(file.getvalue(), file.name)
        st.success(f"{frame.plain_text(file.name)} holds {len(pairs):,} pairs.", icon=":material/check_circle:")
        name = st.text_input("Name of the dataset", value=file.name.removesuffix(".json")[:80], max_chars=80)
        if st.button("Add this dataset", type="primary", icon=":material/add:"):
            info = service.datasets.create(name, pairs, origin=f"upload of {file.name}"[:200])
            st.session_state[UPLOAD_VISIT] = visit + 1
            st.query_params["dataset"] = info.name
            _notice(f"{info.name} was added with {info.pair_count:,} pairs.")
            st.rerun()


def _choose(service: DLCodeGen) -> DatasetInfo | None:
    infos = {info.name: info for info in service.datasets.infos()}
    if not infos:
        first_launch.wait_for_demo(service)
        st.caption("There is no dataset yet. Upload one below.")
        return None
    wanted = st.query_params.get("dataset")
    names = list(infos)
    chosen = st.selectbox("Dataset", names, index=names.index(wanted) if wanted in names else 0)
    if chosen != wanted:
        st.query_params["dataset"] = chosen
    return infos[chosen]


def _summary(service: DLCodeGen, info: DatasetInfo) -> None:
    pairs, revision, changed, origin = st.columns(4)
    pairs.metric("Pairs", f"{info.pair_count:,}")
    revision.metric("Revision", info.revision, help="Every save makes a new one; old ones stay.")
    changed.metric("Last change", wording.ago(info.changed_at))
    origin.metric("From", info.origin or "made here", help=frame.plain_text(info.note) or None)


def _table(service: DLCodeGen, info: DatasetInfo, pending: PendingEdits) -> list[PairRow]:
    """One page of pairs, unsaved changes included; the rows a person has selected."""
    search = st.text_input(
        "Search", placeholder="part of a prompt or a target", icon=":material/search:", label_visibility="collapsed"
    )
    count = service.datasets.page(info.name, 1, 1, search).total
    if count == 0:
        st.caption("Nothing matches. Search for something shorter, or empty the search box.")
        return []
    pages = -(-count // ROWS_A_PAGE)
    number = st.pagination(pages, key=f"dataset.page.{info.name}.{search}.{pages}") if pages > 1 else 1
    page = service.datasets.page(info.name, number, ROWS_A_PAGE, search)
    shown = [pending.shown(row) for row in page.rows]
    table = pd.DataFrame(
        {
            "#": [row.number for row in page.rows],
            "Prompt": [pair.prompt[-PREVIEW_CHARACTERS:] for pair, _state in shown],
            "Target": [pair.target[:PREVIEW_CHARACTERS] for pair, _state in shown],
            "Language": [pair.language or "detected" for pair, _state in shown],
            "From": [f"{pair.source}:{pair.line}" if pair.source else "" for pair, _state in shown],
            "Unsaved": [state for _pair, state in shown],
        }
    )
    visit = st.session_state.get(TABLE_VISIT, 0)
    event = st.dataframe(
        table if any(table["Unsaved"]) else table.drop(columns="Unsaved"),
        hide_index=True,
        height=420,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"dataset.table.{info.name}.{info.revision}.{number}.{search}.{visit}",
        column_config={
            "#": st.column_config.NumberColumn(width="small"),
            "Prompt": st.column_config.TextColumn(width="large", help="What stands before the cursor (its end)."),
            "Target": st.column_config.TextColumn(width="large", help="What should come next."),
        },
    )
    st.caption(f"{count:,} pairs{' match' if search else ''}. Tick one to read and edit it, several to delete them.")
    return [page.rows[place] for place in event.selection.rows if place < len(page.rows)]


def _edit_one(row: PairRow, pending: PendingEdits) -> None:
    pair, state = pending.shown(row)
    where = f", from {pair.source}:{pair.line}" if pair.source else ""
    st.markdown(f"**Pair {row.number}**{frame.plain_text(where)}")
    with st.form(f"dataset.edit.{row.id}"):
        left, right = st.columns(2)
        prompt = left.text_area("Prompt", pair.prompt, height=180)
        target = right.text_area("Target", pair.target, height=180)
        if st.form_submit_button("Keep this change", icon=":material/edit:"):
            with frame.plain_errors():
                check_pairs([Pair(prompt, target)], "Your change")
                pending.change(row, prompt, target)
                st.rerun()
    if state != "deleted" and st.button("Delete this pair", icon=":material/delete:"):
        pending.delete([row.id])
        _new_table()
        st.rerun()


def _add_pair(info: DatasetInfo, pending: PendingEdits) -> None:
    with st.form("dataset.add", clear_on_submit=False):
        left, right = st.columns(2)
        prompt = left.text_area("Prompt", height=140, placeholder="def add(a, b):\n    ")
        target = right.text_area("Target", height=140, placeholder="return a + b")
        if st.form_submit_button("Add the pair", icon=":material/add:"):
            with frame.plain_errors():
                check_pairs([Pair(prompt, target)], "The new pair")
                pending.added.append(Pair(prompt, target))
                st.rerun()


def _save_bar(service: DLCodeGen, info: DatasetInfo, pending: PendingEdits) -> None:
    """Unsaved changes, and what can be done with them."""
    if not len(pending):
        return
    with st.container(border=True):
        st.markdown(f":material/edit_note: **Not saved yet:** {pending.told()}")
        note, save, drop = st.columns([3, 1, 1], vertical_alignment="bottom")
        text = note.text_input("Note for this revision", max_chars=200, placeholder="what you changed, and why")
        if save.button("Save revision", type="primary", icon=":material/save:"):
            with frame.plain_errors():
                saved = service.datasets.save(info.name, pending.base_revision, pending.to_edits(), text)
                _drop(info.name)
                _notice(f"{saved.name} was saved as revision {saved.revision} with {saved.pair_count:,} pairs.")
                st.rerun()
        drop.button("Drop changes", icon=":material/undo:", on_click=_drop, args=(info.name,))


def _revisions(service: DLCodeGen, info: DatasetInfo) -> None:
    rows = service.datasets.revisions(info.name)
    st.dataframe(
        pd.DataFrame(
            {
                "Revision": [row.number for row in rows],
                "Saved": [wording.ago(row.created_at) for row in rows],
                "Pairs": [row.pair_count for row in rows],
                "Added": [row.added for row in rows],
                "Removed": [row.removed for row in rows],
                "Note": [row.note for row in rows],
            }
        ),
        hide_index=True,
    )
    older = [row.number for row in rows[1:]]
    if older:
        left, right = st.columns([2, 3], vertical_alignment="bottom")
        number = left.selectbox("Go back to revision", older)
        if right.button("Restore it as a new revision", icon=":material/history:"):
            with frame.plain_errors():
                saved = service.datasets.restore(info.name, number, info.revision)
                _drop(info.name)
                _notice(f"Revision {saved.revision} now holds what revision {number} held.")
                st.rerun()


def _take_out(service: DLCodeGen, info: DatasetInfo) -> None:
    left, right = st.columns(2)
    if left.toggle("Prepare the file for download", key=f"dataset.download.{info.name}.{info.revision}"):
        left.download_button(
            f"Download {info.pair_count:,} pairs as JSON",
            write_dataset(service.datasets.pairs(info.name)),
            file_name=f"{info.name}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )
    if right.button("Move this dataset to the trash", icon=":material/delete:", help="It can be brought back below."):
        service.datasets.delete(info.name)
        _drop(info.name)
        _notice(f"{info.name} lies in the trash now. Bring it back at the end of this page.")
        st.rerun()


def _trash(service: DLCodeGen) -> None:
    for info in service.datasets.deleted():
        left, right = st.columns([4, 1], vertical_alignment="center")
        left.caption(
            f"In the trash: {frame.plain_text(info.name)}, {info.pair_count:,} pairs, revision {info.revision}"
        )
        if right.button("Bring back", key=f"dataset.undelete.{info.name}.{info.changed_at}"):
            with frame.plain_errors():
                service.datasets.undelete(info.name)
                st.rerun()


def _draw(service: DLCodeGen) -> None:
    info = _choose(service)
    if info is not None:
        pending = _pending(info)
        _summary(service, info)
        _save_bar(service, info, pending)
        panel = st.segmented_control(
            "Show", ["Pairs", "Add a pair", "Revisions", "Download or delete"],
            default="Pairs", required=True, label_visibility="collapsed",
        )  # fmt: skip
        if panel == "Pairs":
            selected = _table(service, info, pending)
            if len(selected) == 1:
                _edit_one(selected[0], pending)
            elif selected and st.button(f"Delete {len(selected)} pairs", icon=":material/delete:"):
                pending.delete([row.id for row in selected])
                _new_table()
                st.rerun()
        elif panel == "Add a pair":
            _add_pair(info, pending)
        elif panel == "Revisions":
            _revisions(service, info)
        else:
            _take_out(service, info)
        if not len(pending):
            frame.link("train", "Train on it", dataset=info.name)
    with st.expander("Upload a dataset", icon=":material/upload_file:", expanded=info is None):
        _upload(service)
    _trash(service)


st.title("Dataset")
if notice := st.session_state.pop(NOTICE, None):
    st.toast(frame.plain_text(notice), icon=":material/check_circle:")
with frame.plain_errors():
    _draw(service)
