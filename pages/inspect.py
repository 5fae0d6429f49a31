"""Inspect: what did it learn from? A table, a map and one pair in full, linked: choose in one, see it in all."""

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.store import DatasetInfo
from dlcodegen_core.models.saved_model import ModelCard
from pages._inspect import detail, linked_map, state, table
from pages._shared import first_launch, frame
from pages._shared.answering import answering

ASKS, NEAR = "inspect.asks", "inspect.near"

service = frame.begin("inspect")


def _choose(service: DLCodeGen) -> tuple[DatasetInfo, ModelCard | None] | None:
    """The dataset and the version that are looked at; both stand in the address."""
    infos = {info.name: info for info in service.datasets.infos()}
    if not infos:
        first_launch.wait_for_demo(service)
        st.caption("There is no dataset yet, so there is nothing that a model could have learned from.")
        frame.link("dataset", "Bring one in")
        return None
    models = answering(service)
    cards = {card.version: card for card in models.cards}
    version = _version(cards)
    card = cards.get(version) if version else None
    trained_on = card.dataset if card is not None and card.dataset in infos else None
    wanted = st.query_params.get("dataset")
    names = list(infos)
    default = wanted if wanted in infos else trained_on or names[0]
    left, right = st.columns(2)
    name = left.selectbox("Dataset", names, index=names.index(default), on_change=state.forget_pairs)
    chosen = right.selectbox(
        "Version", list(cards), index=list(cards).index(version) if version else None,
        format_func=lambda one: f"{one} {cards[one].name}".strip(), placeholder="no model yet",
        help="Whose predictions are shown beside the pairs.",
    )  # fmt: skip
    st.query_params["dataset"] = name
    if chosen:
        st.query_params["version"] = chosen
    if chosen and cards[chosen].dataset != name:
        st.caption(f"{chosen} was trained on other data than this.")
    return infos[name], cards.get(chosen) if chosen else None


def _version(cards: dict[str, ModelCard]) -> str | None:
    wanted = st.query_params.get("version")
    return wanted if wanted in cards else next(iter(cards), None)


def _detail(service: DLCodeGen, info: DatasetInfo, card: ModelCard | None) -> None:
    shown, pinned = state.pair(state.SHOWN), state.pair(state.PINNED)
    if shown is None and pinned is None:
        st.caption("Choose a pair in the table or on the map: it is shown here in full, with what a model makes of it.")
        return
    with st.container(horizontal=True):
        label = f"What {card.version} predicts there" if card else "What a model predicts there"
        asks = st.toggle(label, key=ASKS, disabled=card is None)
        near = st.toggle("Pairs most like it", key=NEAR)
    places = [(row_id, which) for row_id, which in ((shown, state.SHOWN), (pinned, state.PINNED)) if row_id is not None]
    for cell, (row_id, which) in zip(st.columns(len(places)), places, strict=True):
        with cell.container(border=True):
            detail.draw(service, info, card, row_id, which, asks, near)


st.title("Inspect")
st.caption("What did it learn from? Choose a pair in the table or on the map; pin one to compare two side by side.")
with frame.plain_errors():
    if chosen := _choose(service):
        info, card = chosen
        left, right = st.columns(2)
        with left:
            table.draw(service, info)
        with right:
            linked_map.draw(service, info)
        _detail(service, info, card)
