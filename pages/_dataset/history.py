"""The history of a dataset: its revisions, how two of them differ, undo, and the trash of its pairs."""

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import Change, DatasetInfo, RevisionInfo
from pages._dataset import state
from pages._shared import frame, wording

TRASH_ROWS = 50
PREVIEW = 200


def draw(service: DLCodeGen, info: DatasetInfo) -> None:
    rows = service.datasets.revisions(info.name)
    _revisions(service, info, rows)
    if len(rows) > 1:
        _difference(service, info, rows)
    _trash(service, info)


def _revisions(service: DLCodeGen, info: DatasetInfo, rows: list[RevisionInfo]) -> None:
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
        height=min(300, 40 + 35 * len(rows)),
    )
    if len(rows) < 2:
        st.caption("Every save makes a new revision; old ones stay and can be restored here.")
        return
    undo, choice, restore = st.columns([2, 1, 2], vertical_alignment="bottom")
    if undo.button("Undo the last save", icon=":material/undo:", help=f"Restores revision {rows[1].number}."):
        _go_back(service, info, rows[1].number)
    number = choice.selectbox("or go back to revision", [row.number for row in rows[1:]])
    if restore.button("Restore it as a new revision", icon=":material/history:"):
        _go_back(service, info, number)


def _go_back(service: DLCodeGen, info: DatasetInfo, number: int) -> None:
    with frame.plain_errors():
        saved = service.datasets.restore(info.name, number, info.revision)
        state.drop(info.name)
        state.notice(f"Revision {saved.revision} now holds what revision {number} held.")
        st.rerun()


def _difference(service: DLCodeGen, info: DatasetInfo, rows: list[RevisionInfo]) -> None:
    st.subheader("What changed")
    numbers = [row.number for row in rows]
    left, right, _space = st.columns([1, 1, 3])
    newer = left.selectbox("In revision", numbers[:-1])
    older = right.selectbox("since", [number for number in numbers if number < newer])
    found = service.datasets.difference(info.name, older, newer)
    st.caption(f"{found.added:,} added, {found.removed:,} removed, {found.changed:,} changed.")
    total = found.added + found.removed + found.changed
    for place, change in enumerate(found.changes[:10]):
        _change(change, place)
    if total > 10:
        st.caption(f"The first 10 of {total:,}.")


def _change(change: Change, place: int) -> None:
    what = "added" if change.before is None else "removed" if change.after is None else "changed"
    icon = {"added": ":material/add:", "removed": ":material/remove:", "changed": ":material/edit:"}[what]
    with st.container(border=True, key=f"dataset.change.{place}"):
        left, right = st.columns(2)
        for cell, pair, title in ((left, change.before, "before"), (right, change.after, "after")):
            cell.caption(f"{icon} {what}: {title}")
            if pair is None:
                cell.caption("–")
            else:
                cell.code(_short(pair), language=pair.language, wrap_lines=True)


def _trash(service: DLCodeGen, info: DatasetInfo) -> None:
    st.subheader("Deleted pairs")
    page = service.datasets.trash(info.name, 1, TRASH_ROWS)
    if not page.total:
        st.caption("None. Pairs that you delete lie here and can be brought back to where they stood.")
        return
    event = st.dataframe(
        pd.DataFrame(
            {
                "Prompt": [row.pair.prompt[-PREVIEW:] for row in page.rows],
                "Target": [row.pair.target[:PREVIEW] for row in page.rows],
                "From": [f"{row.pair.source}:{row.pair.line}" if row.pair.source else "" for row in page.rows],
            }
        ),
        hide_index=True,
        height=min(300, 40 + 35 * len(page.rows)),
        on_select="rerun",
        selection_mode="multi-row",
        key=f"dataset.trash.{info.name}.{info.revision}",
    )
    chosen = [page.rows[place].id for place in event.selection.rows if place < len(page.rows)]
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            f"Bring back the {len(chosen):,} ticked", disabled=not chosen, icon=":material/restore_from_trash:"
        ):
            _bring_back(service, info, chosen)
        if st.button(f"Bring back all {page.total:,}", icon=":material/restore_from_trash:"):
            _bring_back(service, info, None)
        if page.total > len(page.rows):
            st.caption(f"The latest {len(page.rows)} of {page.total:,} are shown.")


def _bring_back(service: DLCodeGen, info: DatasetInfo, ids: list[int] | None) -> None:
    with frame.plain_errors():
        saved = service.datasets.bring_back(info.name, info.revision, ids)
        state.notice(f"{saved.pair_count - info.pair_count:,} pairs are back, as revision {saved.revision}.")
        st.rerun()


def _short(pair: Pair) -> str:
    return f"{pair.prompt[-PREVIEW:]}▸{pair.target[:PREVIEW]}"
