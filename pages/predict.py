"""Predict: type a prompt, see the completion, how sure it is, how fast it was and what the model saw."""

import json
import shlex

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen, Prediction
from dlcodegen_core.evaluation.selective import offering
from dlcodegen_core.features.language import LANGUAGES, title
from dlcodegen_core.models.saved_model import ModelCard
from pages._predict import beams, compare, feedback, neighbours, numbers, origins, pushes, reliability, report, steps
from pages._predict.asked import Asked
from pages._shared import charts, frame, wording
from pages._shared.answering import Answering, answering
from pages._shared.examples import EXAMPLES, FIRST
from pages._shared.ghost_text import ghost_text

PROMPT = "predict.prompt"
ANSWER = "predict.answer"
LINE_TOKENS = 48
DEALT = -1  # in place of a model's number: an A/B test deals the version
# By the kind of model: what can be asked of an answer.
LINE_PANELS = {
    "Where it comes from": origins.draw,
    "Training examples like it": neighbours.draw,
    "Step by step": steps.draw,
    "Alternatives as a tree": beams.draw,
    "The prompt in numbers": numbers.draw,
    "Compare": compare.draw,
}
TOKEN_PANELS = {
    "What pushed it": pushes.draw,
    "Training examples like it": neighbours.draw,
    "The prompt in numbers": numbers.draw,
    "Alternatives as a tree": beams.draw,
    "Compare": compare.draw,
}

service = frame.begin("predict")


def _use_example() -> None:
    if chosen := st.session_state.get("predict.example"):
        st.session_state[PROMPT] = EXAMPLES[chosen]
        st.session_state["predict.example"] = None
        st.session_state["predict.ask"] = True


def _arrive() -> None:
    """The prompt to begin with; one that came with the address is answered at once."""
    if PROMPT in st.session_state:
        return
    shared = st.query_params.get("prompt")
    st.session_state[PROMPT] = shared or EXAMPLES[FIRST]
    if shared:
        st.session_state["predict.ask"] = True


def _title(card: ModelCard, models: Answering) -> str:
    return "base (none of your code)" if card is models.base else f"{card.version} {card.name}".strip()


def _ask(service: DLCodeGen, models: Answering) -> None:
    """The form; leaves the answer in the session, so that it stays while other widgets change."""
    versions = models.cards
    st.pills("Try", list(EXAMPLES), key="predict.example", on_change=_use_example)
    with st.form("predict.form", border=False):
        st.text_area(
            "Prompt", key=PROMPT, height=150, help="Code up to the cursor. Ctrl+Enter completes it.", max_chars=20_000
        )
        with st.expander("Context and options"):
            context = st.text_area(
                "Context lines",
                height=80,
                placeholder="import axios from 'axios'",
                help="Code the model should know of; put before the prompt.",
            )
            suffix = st.text_area(
                "Code behind the cursor",
                height=80,
                placeholder="    return total",
                help="What already stands after the place to complete. Models that complete whole lines copy from it, "
                "and fill the gap before it.",
                max_chars=20_000,
            )
            first, second, third, fourth = st.columns(4)
            dealt = service.experiments.running() is not None
            chosen = first.selectbox(
                "Model",
                [*([DEALT] if dealt else []), *range(len(versions))],
                format_func=lambda place: (
                    "as the A/B test deals" if place == DEALT else _title(versions[place], models)
                ),
                help="Production, else the newest, unless you choose another. The base has learned open source only.",
            )
            card = versions[max(chosen, 0)]
            max_tokens = second.number_input(
                "Tokens", 1, 256, LINE_TOKENS if card.is_sequence else min(card.config.tokens_per_pair, 64),
                key=f"predict.tokens.{card.config.model}",
                help="How many tokens to go on for at most." if card.is_sequence
                else f"How many code tokens to go on for; this model learned {card.config.tokens_per_pair}.",
            )  # fmt: skip
            beams = third.number_input(
                "Alternatives", 1, 16, 5, help="How many ways to go on are weighed (beam width)."
            )
            language = fourth.selectbox(
                "Language", [None, *LANGUAGES], format_func=lambda name: title(name) if name else "detect"
            )
            whole_lines = card.is_sequence and st.checkbox(
                "End at the line's end", value=True, help="Off, it goes on over the next lines, and ranks otherwise."
            )
            threshold = _threshold(service, card)
        asked = st.form_submit_button("Complete", type="primary", icon=":material/bolt:")
    if asked or st.session_state.pop("predict.ask", False):
        prompt = st.session_state[PROMPT]
        lines = context.splitlines()
        with frame.plain_errors(), st.spinner("Loading the model for the first prediction …", show_time=True):
            options = {"max_tokens": max_tokens, "beams": beams, "language": language}
            if chosen != DEALT:
                options["version"] = card.version
            if suffix and card.is_sequence:
                options["suffix"] = suffix
            if whole_lines:
                options["stop"] = ["\n"]
            if threshold:
                options["min_confidence"] = threshold
            answer = service.predict(prompt, lines, **options)
            st.session_state[ANSWER] = Asked(prompt, tuple(lines), options, answer)
            if len(prompt) < 1500:
                st.query_params["prompt"] = prompt


def _threshold(service: DLCodeGen, card: ModelCard) -> float:
    """How sure it has to be to offer anything, and what that costs and buys by the model's own held-out lines."""
    threshold = st.slider(
        "Offer only what is at least this sure", 0.0, 0.95, 0.0, 0.05, key="predict.threshold",
        help="Below it the model says nothing, as an editor's plugin should when it would be wrong mostly.",
    )  # fmt: skip
    report = service.evaluator.report(card.version) if card.is_sequence else None
    if report is None:
        st.caption(
            "What a threshold buys is told for models that were measured on the Evaluate page."
            if card.is_sequence
            else reliability.told(card)
        )
    else:
        found = offering(report.scoreboard.score(report.system).answers, threshold)
        right = "none" if found.precision is None else f"{found.precision:.0%}"
        st.caption(
            f"At {threshold:.2f}, on {found.lines:,} held-out lines: {found.coverage:.0%} get an offer, {right} of "
            f"these are exactly right, and their mean similarity is {found.edit_similarity:.0f} of 100."
        )
    return threshold


def _show(service: DLCodeGen) -> None:
    if ANSWER not in st.session_state:
        st.caption("The completion will appear here, with its confidence, the alternatives and what each stage took.")
        return
    asked: Asked = st.session_state[ANSWER]
    answer = asked.answer
    ghost_text(asked.prompt, answer.completion)
    cached = "from the cache" if answer.cached else "computed"
    stages = ", ".join(f"{stage} {wording.milliseconds(taken)}" for stage, taken in answer.latency_ms.items())
    st.caption(f"{answer.version}, {cached} in {wording.milliseconds(answer.total_ms)} ({stages})")
    feedback.taught(service, asked)
    feedback.draw(service, asked)
    left, right = st.columns([2, 3])
    card = service.versions.card(answer.version)
    with left:
        _alternatives(answer)
        if not card.is_sequence:
            reliability.popover(card)
    with right:
        st.markdown("**Where the time went**")
        charts.latency_waterfall(answer.latency_ms)
    _why(service, asked)
    with st.container(horizontal=True):
        report.button(service, asked)
        with st.popover("The same from a program", icon=":material/terminal:"):
            _same_elsewhere(asked.prompt, list(asked.context), asked.options)


def _why(service: DLCodeGen, asked: Asked) -> None:
    """Explanations, each computed when it is looked at."""
    panels = LINE_PANELS if service.versions.card(asked.answer.version).is_sequence else TOKEN_PANELS
    st.subheader("Why this?")
    chosen = st.segmented_control(
        "Explanation", list(panels), default=next(iter(panels)), required=True, label_visibility="collapsed",
        key=f"predict.why.{len(panels)}",
    )  # fmt: skip
    with frame.plain_errors():
        panels[chosen](service, asked)


def _alternatives(answer: Prediction) -> None:
    st.markdown(
        "**Alternatives**",
        help="Confidence is the model's own probability of the text, 0 to 1. That of models that complete whole lines "
        "is calibrated on lines kept out of what they count; of DeepCodeNet by a temperature fitted on held-out "
        "samples. Whole lines are ranked by "
        "how much of them is likely to be kept: a small fitted model weighs their probability, how far the other "
        "candidates agree, and their length. So a longer one may stand above a surer short one; broken syntax "
        "comes last.",
    )
    if answer.abstained:
        st.info(
            f"Nothing worth offering: the best candidate has a confidence of {answer.confidence:.2f}, which is below "
            "the threshold that you set. The candidates are below all the same."
        )
    elif not answer.completion:
        st.info("The model has nothing to offer here: it expects the end, or only tokens it does not know.")
    table = pd.DataFrame(
        {
            "Completion": [candidate.text.replace("\n", "⏎") or "(end)" for candidate in answer.candidates],
            "Confidence": [candidate.confidence for candidate in answer.candidates],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={"Confidence": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.3f")},
    )


def _same_elsewhere(prompt: str, lines: list[str], options: dict[str, object]) -> None:
    given = {name: value for name, value in options.items() if value is not None}
    arguments = ", ".join([repr(prompt), repr(lines), *(f"{name}={value!r}" for name, value in given.items())])
    st.caption("Python")
    st.code(f"from dlcodegen_core import DLCodeGen\n\nDLCodeGen.get_instance().predict({arguments})", wrap_lines=True)
    st.caption("HTTP, answered by this very process")
    body = json.dumps({"prompt": prompt, "context": lines, **given}, ensure_ascii=False)
    st.code(
        "curl http://127.0.0.1:8501/api/dl-codegen/predict -H 'Content-Type: application/json' -d " + shlex.quote(body),
        language="bash",
        wrap_lines=True,
    )


def _base_answers() -> None:
    """One quiet line on who answers while nothing of the person's own was learned."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            "The base model answers: it knows open-source Python, JavaScript and TypeScript, and nothing of yours. "
            "Train on your own code to have your names and your ways of writing completed."
        )
        frame.link("train", "Train on your code")


st.title("Predict")
with frame.plain_errors():
    models = answering(service)
    if models.cards:
        if not models.trained:
            _base_answers()
        _arrive()
        _ask(service, models)
        _show(service)
    else:
        st.info("There is no trained model yet. Train one first; a quick one takes less than a minute.")
        frame.link("train", "Train a model")
    for problem in models.problems:
        st.warning(frame.plain_text(problem), icon=":material/warning:")
