"""The pairs of a dataset: a table, a page at a time, one pair side by side, and changes to them."""

from typing import Any

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.pairs import Pair, check_pairs
from dlcodegen_core.data.store import DatasetInfo, PairFilter, PairPage, PairRow
from pages._dataset import filters, state
from pages._shared import frame, wording
from pages._shared.edits import PendingEdits

ROWS_A_PAGE = 100
PREVIEW_CHARACTERS = 300
READ, EDIT = "Read", "Edit cells"
TALLEST_CODE = 320


def draw(service: DLCodeGen, info: DatasetInfo) -> None:
    pending = state.pending(info)
    wanted = filters.draw(service, info)
    first = service.datasets.page(info.name, 1, ROWS_A_PAGE, wanted)
    if first.total == 0:
        st.caption("Nothing matches. Search for something shorter, or take a filter off.")
        return
    left, right = st.columns([3, 1], vertical_alignment="center")
    with left:
        pages = first.pages
        key = f"dataset.page.{info.name}.{state.visit('table')}.{pages}"
        number = st.pagination(pages, key=key) if pages > 1 else 1
    with right:
        mode = st.segmented_control(
            "Mode", [READ, EDIT], default=READ, required=True, label_visibility="collapsed", key="dataset.table_mode"
        )
    page = first if number == 1 else service.datasets.page(info.name, number, ROWS_A_PAGE, wanted)
    if mode == EDIT:
        _cells(info, page, pending, number)
    else:
        selected = _table(info, page, pending, number)
        _caption(info, page, wanted)
        if len(selected) == 1:
            _one(service, selected[0], pending)
        elif selected and st.button(f"Delete {len(selected)} pairs", icon=":material/delete:"):
            pending.delete([row.id for row in selected])
            state.renew("table")
            st.rerun()
    if wanted.limits:
        _delete_matching(service, info, page, wanted)


def _table(info: DatasetInfo, page: PairPage, pending: PendingEdits, number: int) -> list[PairRow]:
    """One page of pairs to read, unsaved changes included; the rows a person has selected."""
    shown = [pending.shown(row) for row in page.rows]
    table = pd.DataFrame(
        {
            "#": [row.number for row in page.rows],
            "Prompt": [end_of(pair.prompt) for pair, _state in shown],
            "Target": [pair.target[:PREVIEW_CHARACTERS] for pair, _state in shown],
            "Language": [pair.language or "detected" for pair, _state in shown],
            "Kind": [pair.kind or "" for pair, _state in shown],
            "From": [place_of(pair) for pair, _state in shown],
            "Unsaved": [done for _pair, done in shown],
        }
    )
    empty = [name for name in ("Kind", "From", "Unsaved") if not any(table[name])]
    event = st.dataframe(
        table.drop(columns=empty),
        hide_index=True,
        height=420,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"dataset.table.{info.name}.{info.revision}.{number}.{state.visit('table')}",
        column_config={
            "#": st.column_config.NumberColumn(width="small"),
            "Prompt": st.column_config.TextColumn(width="large", help="What stands before the cursor (its end)."),
            "Target": st.column_config.TextColumn(width="large", help="What should come next."),
            "Kind": st.column_config.TextColumn(help="How it was cut from source."),
        },
    )
    return [page.rows[place] for place in event.selection.rows if place < len(page.rows)]


def _caption(info: DatasetInfo, page: PairPage, wanted: PairFilter) -> None:
    count = f"{page.total:,}" if page.is_exact else f"More than {page.total:,}"
    told = f"{count} of {info.pair_count:,} pairs match." if wanted.limits else f"{count} pairs."
    st.caption(f"{told} Tick one to read and edit it, several to delete them.")


def _cells(info: DatasetInfo, page: PairPage, pending: PendingEdits, number: int) -> None:
    """One page of pairs to edit in place; every change goes to the unsaved ones at once."""
    key = f"dataset.cells.{info.name}.{info.revision}.{number}.{state.visit('table')}"
    # What the editor began with must not change under it, so it is kept as it was when it was opened.
    base: pd.DataFrame = st.session_state.setdefault(
        f"{key}.base",
        pd.DataFrame(
            [
                {
                    "#": row.number,
                    "Delete": done == "deleted",
                    "Prompt": pair.prompt,
                    "Target": pair.target,
                    "Language": pair.language or "",
                }
                for row in page.rows
                for pair, done in [pending.shown(row)]
            ]
        ),
    )
    st.data_editor(
        base,
        key=key,
        hide_index=True,
        height=460,
        num_rows="fixed",
        disabled=["#"],
        column_config={
            "#": st.column_config.NumberColumn(width="small"),
            "Delete": st.column_config.CheckboxColumn(width="small", help="Goes to the trash when you save."),
            "Prompt": st.column_config.TextColumn(width="large", required=True),
            "Target": st.column_config.TextColumn(width="large", required=True),
        },
    )
    st.caption("Double-click a cell to change it; Shift+Enter is a new line. Nothing is saved before you save.")
    changes: dict[int, dict[str, Any]] = st.session_state[key].get("edited_rows", {})
    before = len(pending), pending.told()
    with frame.plain_errors():
        for place, cells in changes.items():
            _take_over(page.rows[int(place)], cells, pending)
    if before != (len(pending), pending.told()):
        st.rerun()


def _take_over(row: PairRow, cells: dict[str, Any], pending: PendingEdits) -> None:
    """Note one row's changed cells. Raises DatasetError for texts that cannot be a pair."""
    if cells.get("Delete"):
        pending.delete([row.id])
        return
    pair, done = pending.shown(row)
    if cells.get("Delete") is False and done == "deleted":
        pending.keep(row.id)
    prompt, target = cells.get("Prompt", pair.prompt), cells.get("Target", pair.target)
    language = (cells["Language"] or "").strip() or None if "Language" in cells else pair.language
    check_pairs([Pair(prompt or "", target or "", language)], f"Row {row.number}")
    pending.change(row, prompt, target, language)


def _one(service: DLCodeGen, row: PairRow, pending: PendingEdits) -> None:
    """One pair, side by side in colours, and a way to change it."""
    pair, done = pending.shown(row)
    details = [part for part in (pair.kind, place_of(pair), pair.commit and f"commit {pair.commit[:10]}") if part]
    st.markdown(f"**Pair {row.number}** {frame.plain_text(' · '.join(details))}")
    for flag in service.datasets.flags([row.id]).get(row.id, []):
        title = filters.CHECK_TITLES.get(flag.check, flag.check)
        st.caption(f":material/stethoscope: {frame.plain_text(f'{title}: {flag.detail}')}")
    left, right = st.columns(2)
    language = pair.language if pair.language != "tsx" else "typescript"
    for cell, title, text in (
        (left, "Prompt: what stands before the cursor", pair.prompt),
        (right, "Target: what should come next", pair.target),
        (right, "Suffix: what stands behind it", pair.suffix),
    ):
        if text:
            cell.caption(title)
            cell.code(text, language=language, height=height_of(text))
    with st.expander("Change this pair", icon=":material/edit:", expanded=False), st.form(f"dataset.edit.{row.id}"):
        left, right = st.columns(2)
        prompt = left.text_area("Prompt", pair.prompt, height=180)
        target = right.text_area("Target", pair.target, height=180)
        if st.form_submit_button("Keep this change", icon=":material/edit:"):
            with frame.plain_errors():
                check_pairs([Pair(prompt, target)], "Your change")
                pending.change(row, prompt, target, pair.language)
                st.rerun()
    if done != "deleted" and st.button("Delete this pair", icon=":material/delete:"):
        pending.delete([row.id])
        state.renew("table")
        st.rerun()


def _delete_matching(service: DLCodeGen, info: DatasetInfo, page: PairPage, wanted: PairFilter) -> None:
    count = f"all {page.total:,}" if page.is_exact else "all"
    with st.popover(f"Delete {count} that match", icon=":material/delete_sweep:"):
        st.write(
            "They go to this dataset's trash as a new revision, from where they can be brought back."
            + (" Save or drop your other changes first." if len(state.pending(info)) else "")
        )
        if st.button("Delete them", type="primary", disabled=bool(len(state.pending(info)))):
            with frame.plain_errors():
                saved = service.datasets.delete_matching(info.name, info.revision, wanted)
                state.want(info.name, PairFilter())
                gone = info.pair_count - saved.pair_count
                state.notice(f"{wording.in_the_trash(gone)}; revision {saved.revision} has {saved.pair_count:,}.")
                st.rerun()


def add(info: DatasetInfo) -> None:
    """A form for a new pair."""
    pending = state.pending(info)
    with st.form("dataset.add", clear_on_submit=False):
        left, right = st.columns(2)
        prompt = left.text_area("Prompt", height=140, placeholder="def add(a, b):\n    ")
        target = right.text_area("Target", height=140, placeholder="return a + b")
        if st.form_submit_button("Add the pair", icon=":material/add:"):
            with frame.plain_errors():
                check_pairs([Pair(prompt, target)], "The new pair")
                pending.added.append(Pair(prompt, target))
                st.rerun()


def save_bar(service: DLCodeGen, info: DatasetInfo) -> None:
    """Unsaved changes, and what can be done with them."""
    pending = state.pending(info)
    if not len(pending):
        return
    with st.container(border=True):
        st.markdown(f":material/edit_note: **Not saved yet:** {pending.told()}")
        note, save, drop = st.columns([3, 1, 1], vertical_alignment="bottom")
        text = note.text_input("Note for this revision", max_chars=200, placeholder="what you changed, and why")
        if save.button("Save revision", type="primary", icon=":material/save:"):
            with frame.plain_errors():
                saved = service.datasets.save(info.name, pending.base_revision, pending.to_edits(), text)
                state.drop(info.name)
                state.notice(f"{saved.name} was saved as revision {saved.revision} with {saved.pair_count:,} pairs.")
                st.rerun()
        drop.button("Drop changes", icon=":material/undo:", on_click=state.drop, args=(info.name,))


def end_of(prompt: str) -> str:
    """The last two lines of a prompt, on one."""
    lines = prompt[-PREVIEW_CHARACTERS:].rstrip().rsplit("\n", 2)
    return " ⏎ ".join(line.strip() for line in lines[-2:] if line.strip())


def height_of(code: str) -> int:
    """Of a box that holds the code, up to a limit, in pixels."""
    return min(TALLEST_CODE, 60 + 22 * code.count("\n"))


def place_of(pair: Pair) -> str:
    if not pair.source:
        return ""
    return f"{pair.source}:{pair.line}" if pair.line else pair.source
