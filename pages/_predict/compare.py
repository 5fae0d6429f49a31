"""Two answers side by side: another model, another prompt, or a general model on the person's own Ollama server."""

import time
from dataclasses import replace

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen, Prediction
from dlcodegen_core.models.saved_model import ModelCard
from pages._predict.asked import Asked, ask_model
from pages._shared import charts, frame, wording
from pages._shared.answering import answering
from pages._shared.ghost_text import ghost_text

ANOTHER_MODEL, ANOTHER_PROMPT, OLLAMA = "Another model", "Another prompt", "A model on Ollama"
ALTERNATIVES = 4
LINE_TOKENS = 48
OLLAMA_ANSWER = "predict.compare.ollama_answer"


def draw(service: DLCodeGen, asked: Asked) -> None:
    way = st.segmented_control(
        "Compare with", [ANOTHER_MODEL, ANOTHER_PROMPT, OLLAMA], default=ANOTHER_MODEL, required=True
    )
    {ANOTHER_MODEL: _model, ANOTHER_PROMPT: _prompt, OLLAMA: _ollama}[way](service, asked)


def _model(service: DLCodeGen, asked: Asked) -> None:
    others = [card for card in answering(service).cards if card.version != asked.answer.version]
    if not others:
        st.caption("There is no other model yet. Train a second one, on other data or with other settings.")
        frame.link("train", "Train a model")
        return
    titles = {card.version: f"{card.version} {card.name}".strip() for card in others}
    version = st.selectbox("Model", list(titles), format_func=titles.__getitem__)
    card = next(card for card in others if card.version == version)
    _side_by_side(asked, replace(asked, answer=_ask(service, asked.prompt, asked, card)))


def _prompt(service: DLCodeGen, asked: Asked) -> None:
    prompt = st.text_area(
        "The other prompt", asked.prompt, height=150, max_chars=20_000, help="Change something, and see what it does."
    )
    if prompt == asked.prompt or not prompt.strip():
        st.caption("Change the prompt; Ctrl+Enter compares.")
        return
    card = service.versions.card(asked.answer.version)
    _side_by_side(asked, replace(asked, prompt=prompt, answer=_ask(service, prompt, asked, card)))


def _ask(service: DLCodeGen, prompt: str, asked: Asked, card: ModelCard) -> Prediction:
    """The same question to a model, with the options that its kind has."""
    options = dict(asked.options)
    if card.is_sequence != service.versions.card(asked.answer.version).is_sequence:
        # The other kind goes on for what it was made for: a line, or the tokens that it learned of each pair.
        options.pop("suffix", None)
        options.update({"max_tokens": LINE_TOKENS, "stop": ["\n"]} if card.is_sequence else {})
        if not card.is_sequence:
            options["max_tokens"] = card.config.tokens_per_pair
    return ask_model(service, prompt, asked.context, options, card.version)


def _side_by_side(left: Asked, right: Asked) -> None:
    for cell, one, side in zip(st.columns(2), (left, right), ("left", "right"), strict=True):
        with cell:
            answer = one.answer
            ghost_text(one.prompt, answer.completion, key=f"predict.compare.{side}")
            st.caption(
                f"{answer.version}: confidence {answer.confidence:.2f}, {wording.milliseconds(answer.total_ms)}"
                f"{', from the cache' if answer.cached else ''}"
            )
            st.dataframe(
                pd.DataFrame(
                    {
                        "Completion": [c.text.replace("\n", "⏎") or "(end)" for c in answer.candidates[:ALTERNATIVES]],
                        "Confidence": [c.confidence for c in answer.candidates[:ALTERNATIVES]],
                    }
                ),
                hide_index=True,
                column_config={
                    "Confidence": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.3f")
                },
            )
            charts.latency_waterfall(answer.latency_ms, key=f"predict.compare.time.{side}")


def _ollama(service: DLCodeGen, asked: Asked) -> None:
    model = _generating_model(service, service.settings.ollama_host)
    if model is None:
        st.caption(
            "No generating model was found on an Ollama server of this machine "
            f"({frame.plain_text(service.settings.ollama_host)}). Start one, and pull a model such as qwen2.5-coder."
        )
        return
    # Kept for this prompt, so that it stays while other widgets change.
    kept: dict[tuple[str, str], tuple[str, float]] = st.session_state.setdefault(OLLAMA_ANSWER, {})
    key = (model, asked.prompt)
    if st.button(f"Ask {frame.plain_text(model)}", icon=":material/bolt:"):
        with st.spinner(f"{frame.plain_text(model)} is thinking …", show_time=True):
            began = time.perf_counter()
            guess = service.explainer.ask_ollama(model, asked.prompt)
            kept.clear()
            kept[key] = guess, (time.perf_counter() - began) * 1000
    if key not in kept:
        st.caption(
            "It gets the last 1,500 characters before the cursor, and completes the line greedily. The first answer "
            "waits for the server to load the model."
        )
        return
    guess, taken = kept[key]
    left, right = st.columns(2)
    with left:
        ghost_text(asked.prompt, asked.answer.completion, key="predict.compare.own")
        st.caption(f"{asked.answer.version}: {wording.milliseconds(asked.answer.total_ms)}")
    with right:
        ghost_text(asked.prompt, guess, key="predict.compare.ollama")
        ended = "" if guess else ", and it ended the line at once"
        st.caption(f"{frame.plain_text(model)}: {wording.milliseconds(taken)}{ended}; it tells no confidence")


@st.cache_data(ttl=30, show_spinner="Looking for a model on Ollama …")
def _generating_model(_service: DLCodeGen, host: str) -> str | None:
    return _service.explainer.generating_model()
