"""Step through a line: what else could come at each place, and another way taken from there."""

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.explain.provenance import Step
from pages._predict.asked import Asked, ask_model
from pages._shared import frame
from pages._shared.ghost_text import ghost_text

WRITTEN = "predict.steps.written"
BUTTONS_A_ROW = 5


def draw(service: DLCodeGen, asked: Asked) -> None:
    key = repr((asked.answer.version, asked.request))
    kept: dict[str, str] = st.session_state.setdefault(WRITTEN, {})
    if key not in kept:
        candidates = asked.answer.candidates
        kept.clear()
        kept[key] = asked.answer.completion or (candidates[0].text if candidates else "")
    written = kept[key]
    found = service.explainer.explain_completion(asked.request, asked.answer.version, written)
    places = [f"{at}: after {_shown(written[: step.start]) or 'the prompt'}" for at, step in enumerate(found.steps)]
    place = 0
    if len(places) > 1:
        place = st.select_slider(
            "Place", range(len(places)), format_func=places.__getitem__, key=f"predict.step.{key}.{written}"
        )
    step = found.steps[place]
    # the first token may have been begun in the prompt
    typed = found.tokens[place].typed if place < len(found.tokens) else ""
    before = written[: step.start]
    ghost_text(asked.prompt + before, written[step.start :], key="predict.steps.text")
    picked = _choices(step)
    if picked is not None:
        kept[key] = before + picked.removeprefix(typed)
        st.rerun()
    with st.container(horizontal=True):
        if st.button("Go on from here", icon=":material/bolt:", help="Let the model finish what stands before it."):
            options = {**asked.options, "min_confidence": 0.0}
            version = asked.answer.version
            rest = ask_model(service, asked.prompt + before, asked.context, options, version).completion
            kept[key] = before + rest
            st.rerun()
        if st.button("Back to the answer", icon=":material/undo:"):
            del kept[key]
            st.rerun()


def _choices(step: Step) -> str | None:
    """The likeliest next tokens as buttons; the one that was picked."""
    st.caption("The likeliest next tokens here. Press one to go that way.")
    cells = st.columns(BUTTONS_A_ROW)
    picked = None
    for number, candidate in enumerate(step.candidates):
        label = "(the end)" if candidate.ends else _shown(candidate.text) or "␣"
        pressed = cells[number % BUTTONS_A_ROW].button(
            f"{frame.plain_text(label)}  {candidate.probability:.0%}",
            key=f"predict.steps.{step.start}.{number}",
            type="primary" if number == step.chosen else "secondary",
            disabled=candidate.ends,
            width="stretch",
        )
        if pressed:
            picked = candidate.text
    return picked


def _shown(text: str) -> str:
    return text.replace("\n", "⏎").replace("\t", "→")[-24:]
