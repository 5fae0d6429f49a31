"""One pair in full: prompt and target, where it comes from, what a version says there, and which pairs are like it."""

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.store import DatasetInfo, PairRow
from dlcodegen_core.evaluation.pair_answer import answer_pair
from dlcodegen_core.models.saved_model import ModelCard
from pages._dataset.filters import CHECK_TITLES
from pages._dataset.pairs import end_of, height_of, place_of
from pages._inspect import state
from pages._predict.neighbours import index_ready
from pages._shared import frame, learned, wording
from pages._shared.edit_pair import delete_pair, edit_pair
from pages._shared.ghost_text import ghost_text

NEAREST = 5
SHARED_PROMPT = 1_500  # characters that an address takes
EDITED, DELETED = "edited on Inspect", "deleted on Inspect"


def draw(
    service: DLCodeGen, info: DatasetInfo, card: ModelCard | None, row_id: int, which: str, asks: bool, near: bool
) -> None:
    """which: whether it is the pair that is shown or the pinned one. asks, near: the slow parts that are wanted."""
    row = service.datasets.row(info.name, row_id)
    if row is None:
        st.caption("This pair was edited or deleted, or is of another dataset. Choose another one.")
        return
    pair = row.pair
    details = [part for part in (pair.kind, place_of(pair), pair.commit and f"commit {pair.commit[:10]}") if part]
    title = "Pinned" if which == state.PINNED else "Pair"
    st.markdown(f"**{title}** {frame.plain_text(' · '.join(details) or 'of no file')}")
    _buttons(service, info, row, which)
    for flag in service.datasets.flags([row.id]).get(row.id, []):
        told = f"{CHECK_TITLES.get(flag.check, flag.check)}: {flag.detail}"
        st.caption(f":material/stethoscope: {frame.plain_text(told)}")
    language = pair.language if pair.language != "tsx" else "typescript"
    for caption, text in (
        ("Prompt: what stands before the cursor", pair.prompt),
        ("Target: what should come next", pair.target),
        ("Suffix: what stands behind it", pair.suffix),
    ):
        if text:
            st.caption(caption)
            st.code(text, language=language, height=height_of(text))
    if card is not None and asks:
        with frame.plain_errors():
            _answer(service, info, card, row, which)
    if near:
        with frame.plain_errors():
            _nearest(service, info, row, which)


def _buttons(service: DLCodeGen, info: DatasetInfo, row: PairRow, which: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if which == state.PINNED:
            st.button("Unpin", key="inspect.unpin", icon=":material/keep_off:", on_click=state.pin, args=(None,))
        else:
            st.button(
                "Pin to compare", key="inspect.pin", icon=":material/keep:", on_click=state.pin, args=(row.id,),
                disabled=state.pair(state.PINNED) == row.id, help="It stays here beside the next one that you choose.",
            )  # fmt: skip
        if st.button("Edit it", key=f"inspect.edit.{which}", icon=":material/edit:"):
            then = state.pin if which == state.PINNED else state.show_from_elsewhere
            edit_pair(service, info, row, EDITED, then)
        if st.button("Delete it", key=f"inspect.delete.{which}", icon=":material/delete:"):
            delete_pair(service, info.name, row.id, DELETED)
            (state.pin if which == state.PINNED else state.show_from_elsewhere)(None)
            st.rerun()
        if len(row.pair.prompt) < SHARED_PROMPT:
            frame.link("predict", "Complete it on Predict", prompt=row.pair.prompt)


def _answer(service: DLCodeGen, info: DatasetInfo, card: ModelCard, row: PairRow, which: str) -> None:
    with st.spinner(f"Asking {card.version} …"):
        found = answer_pair(service.predictor, card, row.pair)
    side = learned.told(service, card, info.name, row.id)
    st.markdown(f"**What {card.version} predicts there**")
    answer = found.prediction
    ghost_text(row.pair.prompt, answer.completion, key=f"inspect.answer.{which}")
    verdict = (
        ":material/check_circle: just what stands there"
        if found.right
        else f":material/cancel: {found.similarity:.0f} of 100 alike to “{frame.plain_text(_line(found.truth))}”"
    )
    st.caption(f"{verdict} · confidence {answer.confidence:.2f} · {wording.milliseconds(answer.total_ms)}")
    if side:
        st.caption(side)


def _nearest(service: DLCodeGen, info: DatasetInfo, row: PairRow, which: str) -> None:
    st.markdown("**Pairs most like it**")
    if not index_ready(service, info):
        return
    found = [
        near for near in service.workshop.nearest(info.name, row.pair.prompt, NEAREST + 1) if near.row_id != row.id
    ]
    if not found:
        st.caption("Nothing else is near.")
    for near in found[:NEAREST]:
        text, button = st.columns([5, 1], vertical_alignment="center")
        with text:
            st.caption(f"{near.similarity:.2f} alike · {frame.plain_text(place_of(near.pair) or 'no file')}")
            st.code(f"{end_of(near.pair.prompt)} ▸ {_line(near.pair.target)}", language=near.pair.language)
        button.button(
            "Show", key=f"inspect.near.{which}.{near.row_id}", on_click=state.show_from_elsewhere,
            args=(near.row_id,), width="stretch",
        )  # fmt: skip


def _line(text: str) -> str:
    shown = text.strip().replace("\n", "⏎")
    return f"{shown[:80]}…" if len(shown) > 80 else shown
