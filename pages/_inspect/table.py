"""The pairs of a dataset as a table; the one that is ticked is shown, and the one that is shown is ticked."""

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.store import DatasetInfo, PairFilter, PairRow
from dlcodegen_core.evaluation.embedding_map import POINTS_AT_MOST
from pages._dataset.pairs import end_of, place_of
from pages._inspect import state

HEIGHT = 460
TARGET_CHARACTERS = 120
SHOWN_MARK, PINNED_MARK = "○", "◇"  # as the rings on the map


def draw(service: DLCodeGen, info: DatasetInfo) -> None:
    search = st.text_input(
        "Search", key=f"inspect.search.{info.name}", placeholder="part of a prompt or a target",
        icon=":material/search:", label_visibility="collapsed",
    )  # fmt: skip
    wanted = PairFilter(search=search)
    # As many as are on the map, spread as evenly: mostly the same ones.
    rows = service.datasets.sample(info.name, POINTS_AT_MOST, wanted, info.revision)
    lead = state.lead()
    first = service.datasets.row(info.name, lead) if lead is not None else None
    if first is not None:
        rows = [first, *(row for row in rows if row.id != first.id)]
    if not rows:
        st.caption("Nothing matches. Search for something shorter.")
        return
    _table(info, rows, search)
    count = len(rows)
    part = "" if count >= info.pair_count else f" of {info.pair_count:,}"
    found = "that match" if search else "spread over the dataset" if part else "all there are"
    st.caption(f"{count:,}{part} pairs, {found}. Tick one to look at it.")


def _table(info: DatasetInfo, rows: list[PairRow], search: str) -> None:
    ids = [row.id for row in rows]
    key = f"inspect.table.{info.fingerprint}.{search}.{state.visit()}"
    shown, pinned = state.pair(state.SHOWN), state.pair(state.PINNED)

    def chosen() -> None:
        ticked = st.session_state[key].selection.rows
        state.show(ids[ticked[0]] if ticked else None)

    st.dataframe(
        pd.DataFrame(
            {
                "": [PINNED_MARK if row_id == pinned else SHOWN_MARK if row_id == shown else "" for row_id in ids],
                "Prompt": [end_of(row.pair.prompt) for row in rows],
                "Target": [row.pair.target[:TARGET_CHARACTERS].replace("\n", "⏎") for row in rows],
                "From": [place_of(row.pair) for row in rows],
            }
        ),
        hide_index=True,
        height=HEIGHT,
        on_select=chosen,
        selection_mode="single-row",
        selection_default={"selection": {"rows": [ids.index(shown)]}} if shown in ids else None,
        key=key,
        column_config={
            "": st.column_config.TextColumn(width=34, help=f"{SHOWN_MARK} is shown, {PINNED_MARK} pinned."),
            "Prompt": st.column_config.TextColumn(width="medium", help="What stands before the cursor (its end)."),
            "Target": st.column_config.TextColumn(width="medium", help="What should come next."),
        },
    )
