"""Where each piece of a line came from: which predictor gave it, and the file and line it was seen at."""

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.explain.provenance import CompletionProvenance, Span, TokenProvenance, Verbatim
from pages._predict.asked import Asked
from pages._shared import frame
from pages._shared.coloured_text import Piece, coloured_text

COLOURS = {
    "counts": "#0f9aad",
    "prompt": "#7a5cc7",
    "neighbours": "#b8860b",
    "network": "#d9771f",
    "base rate": "#8a9aa0",
}
NAMES = {
    "counts": "seen in your code",
    "prompt": "copied from the prompt",
    "neighbours": "copied from code like this",
    "network": "written by the network",
    "base rate": "just a frequent token",
}
HELP = {
    "counts": "followed the same tokens in what the model was trained on",
    "prompt": "followed the same tokens earlier in the prompt",
    "neighbours": "followed the same tokens in passages that share rare words with the prompt",
    "network": "not looked up anywhere: the small transformer's own guess",
    "base rate": "no predictor had anything better",
}
STRENGTH = 0.4


def draw(service: DLCodeGen, asked: Asked) -> None:
    completion = _completion(asked)
    if not completion:
        st.caption("There is no completion to explain.")
        return
    found = service.explainer.explain_completion(asked.request, asked.answer.version, completion)
    if found.note:
        st.caption(f":material/info: {frame.plain_text(found.note)}")
    tail = asked.prompt[asked.prompt.rfind("\n") + 1 :]
    coloured_text([Piece(tail), *(_piece(span) for span in found.spans)], key="predict.origins")
    _legend(found)
    _places(found)
    if found.verbatim is not None and found.verbatim.warning:
        _verbatim(found.verbatim)
    _tokens(found.tokens)


def _completion(asked: Asked) -> str:
    """The offered completion; of an answer that was kept back, the best candidate."""
    candidates = asked.answer.candidates
    return asked.answer.completion or (candidates[0].text if candidates else "")


def _piece(span: Span) -> Piece:
    where = "; ".join(place.told for place in span.places)
    return Piece(span.text, COLOURS[span.kind], STRENGTH, f"{NAMES[span.kind]}{f' at {where}' if where else ''}")


def _legend(found: CompletionProvenance) -> None:
    kinds = [kind for kind in COLOURS if any(span.kind == kind for span in found.spans)]
    with st.container(horizontal=True, gap="small"):
        for kind in kinds:
            coloured_text(
                [Piece(f" {NAMES[kind]} ", COLOURS[kind], STRENGTH, HELP[kind])], key=f"predict.legend.{kind}"
            )


def _places(found: CompletionProvenance) -> None:
    rows = [
        {
            "Piece": span.text.replace("\n", "⏎"),
            "From": NAMES[span.kind],
            "Where": span.places[0].told if span.places else "–",
            "Also at": ", ".join(place.told for place in span.places[1:]),
        }
        for span in found.spans
    ]
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, column_config={"Piece": st.column_config.TextColumn(width="medium")}
    )


def _verbatim(verbatim: Verbatim) -> None:
    st.warning(frame.plain_text(verbatim.warning), icon=":material/content_copy:")


def _tokens(tokens: tuple[TokenProvenance, ...]) -> None:
    with st.expander("Token by token", icon=":material/table_rows:"):
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "Token": token.text.replace("\n", "⏎"),
                        "Probability": token.probability,
                        **{NAMES[kind]: share for kind, share in token.shares.items()},
                        "Match": token.match,
                    }
                    for token in tokens
                ]
            ),
            hide_index=True,
            column_config={
                "Probability": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.2f"),
                **{
                    name: st.column_config.NumberColumn(format="percent", help="Its share of the probability.")
                    for name in NAMES.values()
                },
                "Match": st.column_config.NumberColumn(help="How many tokens before it were the same, 12 at most."),
            },
        )
