"""Dataset: bring code in, look at it, mend it, save a revision, take it out again."""

from pathlib import PurePath

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.store import DatasetInfo
from pages._dataset import bring_in, doctor, history, overview, pairs, state, take_out
from pages._shared import first_launch, frame, wording

BRING_IN, PAIRS, ADD = "Bring in data", "Pairs", "Add a pair"
PANELS = {
    PAIRS: pairs.draw,
    "Overview": overview.draw,
    "Doctor": doctor.draw,
    ADD: None,
    "History": history.draw,
    "Download or delete": take_out.draw,
}

service = frame.begin("dataset")


def _choose(service: DLCodeGen) -> DatasetInfo | None:
    infos = {info.name: info for info in service.datasets.infos()}
    if not infos:
        first_launch.wait_for_demo(service)
        st.caption("There is no dataset yet. Bring one in below.")
        return None
    wanted = st.query_params.get("dataset")
    names = list(infos)
    choice, button = st.columns([4, 1], vertical_alignment="bottom")
    chosen = choice.selectbox("Dataset", names, index=names.index(wanted) if wanted in names else 0)
    button.button(
        BRING_IN, icon=":material/add:", width="stretch", on_click=state.go_to_panel, args=(BRING_IN,),
        key="dataset.bring_in",
    )  # fmt: skip
    if chosen != wanted:
        st.query_params["dataset"] = chosen
    return infos[chosen]


def _summary(info: DatasetInfo) -> None:
    count, revision, changed, origin = st.columns(4)
    count.metric("Pairs", f"{info.pair_count:,}")
    revision.metric("Revision", info.revision, help="Every save makes a new one; old ones stay.")
    changed.metric("Last change", wording.ago(info.changed_at))
    shown = PurePath(info.origin).name or info.origin
    told = " · ".join(part for part in (info.origin if shown != info.origin else "", info.note) if part)
    origin.metric("From", shown or "made here", help=frame.plain_text(told) or None)


def _panel(names: list[str]) -> str:
    """The panel that is shown; it is in the address, so that it can be shared."""
    asked = state.next_panel() or (None if state.PANEL in st.session_state else st.query_params.get("panel", ""))
    if asked is not None:
        st.session_state[state.PANEL] = asked if asked in names else names[0]
    chosen = st.segmented_control("Show", names, required=True, label_visibility="collapsed", key=state.PANEL)
    st.query_params["panel"] = chosen
    return str(chosen)


def _draw(service: DLCodeGen) -> None:
    info = _choose(service)
    if info is None:
        bring_in.draw(service)
        return
    head = st.container()
    panel = _panel([*PANELS, BRING_IN])
    if panel != BRING_IN:
        with head:
            _summary(info)
            doctor.verdict(service, info)
            pairs.save_bar(service, info)
    with frame.plain_errors():
        if panel == BRING_IN:
            bring_in.draw(service)
        elif panel == ADD:
            pairs.add(info)
        elif draw := PANELS[panel]:
            draw(service, info)
    if panel != BRING_IN and not len(state.pending(info)):
        frame.link("train", "Train on it", dataset=info.name)


st.title("Dataset")
if notice := state.take_notice():
    st.toast(frame.plain_text(notice), icon=":material/check_circle:")
with frame.plain_errors():
    _draw(service)
    take_out.trash(service)
