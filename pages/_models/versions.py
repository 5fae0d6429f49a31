"""Versions: a table of all, one of them in detail, which one is production, the trash, and versions from elsewhere."""

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen, WorkbenchError
from dlcodegen_core.models import base_model
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.registry.register import Register
from dlcodegen_core.registry.versions import DamagedVersion
from pages._models import version_detail, version_trash
from pages._models.version_notices import CHOSEN, WANTED, choose, notice, show_notice
from pages._shared import frame, wording
from pages._shared.charts.drawing import HELD_OUT_COLOUR, TRAINING_COLOUR

Row = ModelCard | DamagedVersion
_TABLE = "models.versions.table"
_CLICKED = "models.versions.clicked"
ALIAS_COLOURS = {"production": TRAINING_COLOUR, "candidate": HELD_OUT_COLOUR}


def draw(service: DLCodeGen) -> None:
    show_notice(service)
    rows = _rows(service)
    if not rows:
        st.info(
            "There is no version yet. Each training makes one; it stays as it is, with its data, settings, figures and "
            "curves, and any of them can be made the one that answers."
        )
        frame.link("train", "Train a model")
    else:
        register = service.versions.register()
        _who_answers(service, register)
        _table(service, rows, register)
        row = _choose(service, rows)
        version_detail.draw(service, row, register)
    version_trash.draw(service)


def _rows(service: DLCodeGen) -> list[Row]:
    """All versions, newest first, and the base model at the end."""
    rows: list[Row] = list(service.versions.all())
    try:
        base = service.versions.base()
    except WorkbenchError as exc:
        return [*rows, DamagedVersion(base_model.NAME, str(exc))]
    return rows if base is None else [*rows, base]


def _who_answers(service: DLCodeGen, register: Register) -> None:
    """Which version answers and why, and the way back."""
    if problem := service.versions.production_problem():
        st.error(frame.plain_text(problem), icon=":material/error:")
    answers = service.versions.answering()
    with st.container(horizontal=True, vertical_alignment="center"):
        if register.production and register.production == answers:
            st.markdown(f":material/verified: **{_called(answers)} is production** and answers.")
        elif answers:
            st.markdown(
                f":material/deployed_code: **{_called(answers)} answers**, "
                + ("being the newest that works." if register.production else "because none is production.")
            )
        if register.earlier:
            back = register.earlier[-1]
            if st.button(
                f"Roll back production to {_called(back)}" if back else "Roll back to no production",
                icon=":material/undo:",
                help="To what was production before. Once more goes one step further back."
                + ("" if back else " The newest version answers then."),
            ):
                with frame.plain_errors(), st.spinner("Loading it, to be sure that it answers …"):
                    now = service.versions.roll_back()
                    notice(f"Production was rolled back. {_called(now)} answers now.")
                    st.rerun()
    if register.history:
        with st.expander("Who was production and candidate, and when"):
            _history(service)


def _history(service: DLCodeGen) -> None:
    moves = service.versions.history()
    st.dataframe(
        pd.DataFrame(
            {
                "When": [wording.ago_of(move.at) for move in moves],
                "Alias": [move.alias for move in moves],
                "What": [move.how for move in moves],
                "Version": [move.version or "none" for move in moves],
                "Before": [move.before or "none" for move in moves],
            }
        ),
        hide_index=True,
        height=min(300, 40 + 35 * len(moves)),
    )


def _table(service: DLCodeGen, rows: list[Row], register: Register) -> None:
    """A click on a row chooses it."""
    names = [row.version for row in rows]
    event = st.dataframe(
        pd.DataFrame([_cells(service, row, register) for row in rows]),
        hide_index=True,
        placeholder="–",
        on_select="rerun",
        selection_mode="single-row",
        key=_TABLE,
        height=min(420, 40 + 35 * len(rows)),
        column_config={
            "Version": st.column_config.TextColumn(width="small"),
            "Alias": st.column_config.MultiselectColumn(
                width=110,
                options=list(ALIAS_COLOURS),
                color=list(ALIAS_COLOURS.values()),
                help="production answers where no version is named; candidate is compared with it.",
            ),
            "Right": st.column_config.NumberColumn(
                "Held-out accuracy", format="%.1f %%", help="Share of held-out next tokens that it ranked first."
            ),
            "Bits": st.column_config.NumberColumn(
                "Bits a character",
                format="%.2f",
                help="How surprised it is by held-out text; lower is better. Sequence models only.",
            ),
            "Tags": st.column_config.ListColumn(),
        },
    )
    picked = [names[place] for place in event.selection.rows if place < len(names)]
    if picked and picked != st.session_state.get(_CLICKED):
        choose(picked[0])
    st.session_state[_CLICKED] = picked


def _cells(service: DLCodeGen, row: Row, register: Register) -> dict[str, object]:
    alias = register.alias_of(row.version)
    cells: dict[str, object] = {"Version": row.version, "Alias": [alias] if alias else []}
    if isinstance(row, DamagedVersion):
        return {**cells, "Name": "damaged: choose it to see why"}
    labels, accuracy = service.versions.labels(row.version), row.metrics.get("val_accuracy")
    return {
        **cells,
        "Name": labels.name,
        "Kind": "whole lines" if row.is_sequence else "next tokens",
        "Learned from": row.dataset + (f", revision {row.dataset_revision}" if row.dataset_revision else ""),
        "Right": None if accuracy is None else 100 * accuracy,
        "Bits": row.metrics.get("bits_per_character"),
        "Size": wording.size(service.versions.size_bytes(row.version)),
        "Made": wording.ago_of(row.created_at),
        "Tags": list(labels.tags),
    }


def _choose(service: DLCodeGen, rows: list[Row]) -> Row:
    names = [row.version for row in rows]
    wanted = st.session_state.pop(WANTED, "")
    if wanted in names:
        st.session_state[CHOSEN] = wanted
    elif st.session_state.get(CHOSEN) not in names:
        wanted = st.query_params.get("version", "")
        st.session_state[CHOSEN] = wanted if wanted in names else names[0]
    titles = {row.version: _title(service, row) for row in rows}
    chosen = st.selectbox("Look at", names, key=CHOSEN, format_func=lambda name: titles.get(name, name), width=420)
    st.query_params["version"] = chosen
    return next(row for row in rows if row.version == chosen)


def _title(service: DLCodeGen, row: Row) -> str:
    if isinstance(row, DamagedVersion):
        return f"{row.version}, damaged"
    name = service.versions.labels(row.version).name
    return f"{row.version} · {name}" if name else row.version


def _called(version: str) -> str:
    return "the base model" if version == base_model.NAME else version
