"""Why the model answered as it did: who gave each piece and where that stands, or what pushed its token."""

import pandas as pd
import streamlit as st

from dlcodegen_core.story import telling
from dlcodegen_core.story.story import Example, Explained, Source, Story
from pages._shared import charts, frame
from pages._shared.charts.drawing import harmless
from pages._shared.coloured_text import Piece, coloured_text

COLOURS: dict[Source, str] = {
    "counts": "#0f9aad",
    "prompt": "#7a5cc7",
    "neighbours": "#b8860b",
    "network": "#d9771f",
    "base rate": "#8a9aa0",
}
STRENGTH = 0.4
STRONGEST = 8


def draw(story: Story, example: Example, excerpt: str) -> None:
    """The whole explanation of one answer; excerpt: the prompt's last lines, as they are shown elsewhere."""
    if story.model.kind == "sequence":
        _origins(example, excerpt)
    else:
        _pushes(example)
    if example.explained.note:
        st.caption(f":material/info: {frame.plain_text(example.explained.note)}")
    if warning := telling.repeated_told(example):
        st.warning(frame.plain_text(warning), icon=":material/content_copy:")
    _near(example.explained)


def _origins(example: Example, excerpt: str) -> None:
    explained = example.explained
    if not explained.origins:
        return
    before = Piece(excerpt)
    pieces = [
        Piece(origin.text, COLOURS[origin.source], STRENGTH, telling.told_origin(origin))
        for origin in explained.origins
    ]
    coloured_text([before, *pieces], key="story.origins", large=True)
    sources = [source for source in COLOURS if any(origin.source == source for origin in explained.origins)]
    with st.container(horizontal=True, gap="small"):
        for source in sources:
            named = Piece(f" {telling.SOURCES[source]} ", COLOURS[source], STRENGTH, telling.SOURCES_TOLD[source])
            coloured_text([named], key=f"story.legend.{source}")
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "Piece": telling.visible(origin.text),
                    "From": telling.SOURCES[origin.source],
                    "Where": origin.places[0] if origin.places else "–",
                    "Also at": ", ".join(origin.places[1:]),
                }
                for origin in explained.origins
            ]
        ),
        hide_index=True,
    )
    with st.expander("Token by token", icon=":material/table_rows:"):
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "Token": telling.visible(token.text),
                        "Probability": token.probability,
                        "From": telling.SOURCES[token.source],
                        "Share": token.share,
                        "Match": token.match,
                    }
                    for token in explained.tokens
                ]
            ),
            hide_index=True,
            column_config={
                "Probability": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.2f"),
                "Share": st.column_config.NumberColumn(
                    format="percent", help="How much of the probability came from there."
                ),
                "Match": st.column_config.NumberColumn(help="How many tokens before it were the same, 12 at most."),
            },
        )


def _pushes(example: Example) -> None:
    explained = example.explained
    with st.container(key="story_text"):
        st.markdown(
            frame.plain_text(telling.pushed_told(explained)),
            help="Pushes are in nats of log-probability. Those of the groups are exact Shapley values; those of the "
            "single numbers are integrated gradients.",
        )
    left, right = st.columns(2)
    with left:
        charts.pushes(
            [harmless(group.name) for group in explained.groups],
            [group.push for group in explained.groups],
            key="story.groups",
        )
    with right:
        strongest = explained.dimensions[:STRONGEST]
        st.dataframe(
            pd.DataFrame(
                {
                    "Strongest of the 544 numbers": [row.name for row in strongest],
                    "Value": [row.value for row in strongest],
                    "Push": [row.push for row in strongest],
                }
            ),
            hide_index=True,
            height=220,
            column_config={
                "Value": st.column_config.NumberColumn(format="%.2f"),
                "Push": st.column_config.NumberColumn(format="%+.3f", help="Above zero it spoke for the token."),
            },
        )


def _near(explained: Explained) -> None:
    """What it learned from that is most like the prompt."""
    if not explained.near:
        if explained.near_note:
            st.caption(frame.plain_text(f"Learned examples like it are not in this story. {explained.near_note}"))
        return
    st.markdown("**Learned examples that are most like this prompt**")
    for pair in explained.near:
        with st.container(border=True):
            st.caption(frame.plain_text(f"{pair.similarity:.2f} alike{', ' + pair.place if pair.place else ''}"))
            left, right = st.columns(2)
            left.code(pair.prompt, language=None, wrap_lines=True)
            right.code(pair.target, language=None, wrap_lines=True)
