"""What pushed DeepCodeNet to its token: the four groups, the strongest of the 544 numbers, the words of the prompt."""

import math

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.explain.feature_explanation import DimensionPush, FeatureExplanation
from dlcodegen_core.explain.occlusion import Occlusion
from pages._predict.asked import Asked
from pages._shared import charts, frame, wording
from pages._shared.coloured_text import Piece, coloured_text

STRONGEST = 20
FOR, AGAINST = "#0f9aad", "#d9771f"
STRONG_COLOUR = 0.75
WORDS = "predict.words"


def draw(service: DLCodeGen, asked: Asked) -> None:
    found = service.explainer.explain_features(asked.request, asked.answer.version, _token(asked))
    shown = found.token.strip() or repr(found.token)
    token = f"“{shown}”" if found.token else "the end of the completion"
    baseline = "the average training sample" if found.baseline == "training mean" else "a prompt of only zeros"
    st.markdown(
        f"Why {frame.plain_text(token)}: from {_probability(found.baseline_value)} for {baseline} to "
        f"{_probability(found.value)} for this prompt.",
        help="Pushes are in nats of log-probability: +1 makes the token 2.7 times as probable, -1 as much less. Those "
        "of the groups are exact Shapley values; those of the single numbers are integrated gradients.",
    )
    left, right = st.columns([2, 3])
    with left:
        charts.pushes(
            [group.title for group in found.groups], [group.shapley for group in found.groups], key="predict.groups"
        )
        st.caption("What each group gave, on average over all orders in which they can be added.")
    with right:
        _dimensions(found)
    _words(service, asked)


def _dimensions(found: FeatureExplanation) -> None:
    rows = found.strongest(STRONGEST)
    st.dataframe(
        pd.DataFrame(
            {
                "Dimension": [row.name for row in rows],
                "Value": [row.value for row in rows],
                "Rank": [_rank(row) for row in rows],
                "Push": [row.push for row in rows],
            }
        ),
        hide_index=True,
        height=300,
        column_config={
            "Value": st.column_config.NumberColumn(format="%.2f"),
            "Rank": st.column_config.TextColumn(help="Higher than so many of the training samples."),
            "Push": st.column_config.NumberColumn(format="%+.3f", help="Above zero it spoke for the token."),
        },
    )
    taken = wording.milliseconds(sum(found.latency_ms.values()))
    st.caption(f"All 544 add up to the difference but for {abs(found.completeness_gap):.4f}. Computed in {taken}.")


def _rank(row: DimensionPush) -> str:
    return "–" if row.percentile is None else f"{row.percentile:.0f} %"


def _words(service: DLCodeGen, asked: Asked) -> None:
    """Which words mattered; computed on demand, since every piece left out has to be embedded."""
    st.markdown("**Which words mattered**")
    kept: dict[tuple[str, str], Occlusion] = st.session_state.setdefault(WORDS, {})
    key = (asked.answer.version, repr(asked.request))
    if key not in kept:
        st.caption("Leaves one word after the other out and looks how far the token falls. Takes some seconds.")
        if not st.button("Find out", icon=":material/search:"):
            return
        with st.spinner("Leaving words out …", show_time=True):
            kept[key] = service.explainer.occlude(asked.request, asked.answer.version, _token(asked))
        st.rerun()
    found = kept[key]
    most = max((abs(span.push) for span in found.spans), default=0.0) or 1.0
    coloured_text(
        [_piece(found.text[span.start : span.end], span.push, most) for span in found.spans],
        key="predict.words",
    )
    st.caption("Blue-green speaks for the token, orange against it; point at a word for its number.")


def _piece(text: str, push: float, most: float) -> Piece:
    told = f"{push:+.2f}: without it the token is {'less' if push > 0 else 'more'} probable"
    return Piece(text, FOR if push > 0 else AGAINST, STRONG_COLOUR * abs(push) / most, told)


def _token(asked: Asked) -> str | None:
    """The first token of the best candidate, which is what is explained."""
    candidates = asked.answer.candidates
    if not candidates:
        return None
    return candidates[0].tokens[0] if candidates[0].tokens else ""


def _probability(log_probability: float) -> str:
    return f"{math.exp(log_probability):.1%}"
