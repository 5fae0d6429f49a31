"""What is in a dataset: histograms, first tokens, and a map."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import streamlit as st

from pages._shared.charts.drawing import TRAINING_COLOUR, cycled_colours, harmless, harmless_lines, show, visible

RING_COLOUR = "#d23f57"


def header_histogram(title: str, labels: Sequence[str], counts: Sequence[int], key: str) -> int | None:
    """A small histogram above a table; the place of the bar that was clicked, None for none."""
    import plotly.graph_objects as go

    dark = st.context.theme.type == "dark"
    text = "#b9c7cb" if dark else "#48585d"
    figure = go.Figure(
        go.Bar(
            x=list(range(len(labels))),
            y=list(counts),
            customdata=[harmless(label) for label in labels],
            marker_color=TRAINING_COLOUR,
            hovertemplate="%{customdata}: %{y:,} pairs<br>click to filter<extra></extra>",
        )
    )
    figure.update_layout(
        title={"text": title, "font": {"size": 12, "color": text}, "x": 0, "y": 0.97},
        height=110,
        margin={"l": 0, "r": 0, "t": 22, "b": 22},
        bargap=0.15,
        clickmode="event+select",
        dragmode=False,
        font={"size": 10, "color": text},
    )
    # Of many labels only the first and the last are written; pointing at a bar tells its own.
    ends = [0, len(labels) - 1] if len(labels) > 2 else list(range(len(labels)))
    figure.update_xaxes(
        tickvals=ends, ticktext=[harmless(_short(labels[end])) for end in ends], showgrid=False, fixedrange=True,
        ticks="", tickangle=0,
    )  # fmt: skip
    figure.update_yaxes(visible=False, fixedrange=True)
    event = st.plotly_chart(
        figure,
        key=key,
        on_select="rerun",
        selection_mode="points",
        config={"displayModeBar": False},
        alt=f"How many pairs there are by {title.lower()}",
    )
    chosen = event.selection.point_indices
    return int(chosen[0]) if chosen else None


def _short(label: str, most: int = 14) -> str:
    """The end of a long label: of a file's path the name matters most."""
    return label if len(label) <= most else f"…{label[1 - most :]}"


def class_balance(tokens: Sequence[str], shares: Sequence[float], key: str) -> None:
    """The most frequent first tokens of targets, and the share of targets that begin with each."""
    import plotly.graph_objects as go

    figure = go.Figure(
        go.Bar(
            x=list(range(len(tokens))),
            y=list(shares),
            customdata=[harmless(visible(token)) for token in tokens],
            marker_color=TRAINING_COLOUR,
            hovertemplate="%{customdata}: %{y:.1%} of the targets<extra></extra>",
        )
    )
    figure.update_layout(
        title={"text": "The most frequent first tokens of targets", "font": {"size": 14}},
        height=240,
        margin={"l": 0, "r": 0, "t": 40, "b": 0},
    )
    figure.update_xaxes(
        tickvals=list(range(len(tokens))), ticktext=[harmless(visible(token)[:12]) for token in tokens],
        tickangle=-45, fixedrange=True, showgrid=False,
    )  # fmt: skip
    figure.update_yaxes(tickformat=".0%", fixedrange=True)
    show(figure, "The most frequent first tokens of targets, and the share of targets that begin with each", key)


def point_map(
    xs: Sequence[float],
    ys: Sequence[float],
    groups: Sequence[str],
    previews: Sequence[str],
    key: str,
    rings: Mapping[str, int] | None = None,
    on_select: Callable[[], None] | Literal["rerun"] = "rerun",
) -> int | None:
    """Points in the plane, coloured by group; the place of the one that was clicked, None for none.

    rings: what to call a point that is marked by a ring, and its place.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    places = {group: [at for at, own in enumerate(groups) if own == group] for group in dict.fromkeys(groups)}
    for (group, own), colour in zip(
        sorted(places.items(), key=lambda item: -len(item[1])), cycled_colours(len(places)), strict=True
    ):
        figure.add_scatter(
            x=[xs[at] for at in own],
            y=[ys[at] for at in own],
            customdata=[[at] for at in own],
            text=[harmless_lines(previews[at]) for at in own],
            name=f"{harmless(group)} ({len(own):,})",
            mode="markers",
            marker={"size": 6, "color": colour, "opacity": 0.75},
            hovertemplate="%{text}<extra></extra>",
        )
    for (name, at), symbol in zip((rings or {}).items(), ("circle-open", "diamond-open"), strict=False):
        figure.add_scatter(
            x=[xs[at]],
            y=[ys[at]],
            customdata=[[at]],
            text=[harmless_lines(previews[at])],
            name=harmless(name),
            mode="markers",
            marker={"size": 18, "symbol": symbol, "color": RING_COLOUR, "line": {"width": 3}},
            hovertemplate="%{text}<extra></extra>",
        )
    if rings is not None:
        # The ring says which is chosen; fading all others would hide the map.
        figure.update_traces(selected={"marker": {"opacity": 0.75}}, unselected={"marker": {"opacity": 0.75}})
    figure.update_layout(
        uirevision=key,
        height=460,
        margin={"l": 0, "r": 0, "t": 10, "b": 0},
        legend={"orientation": "h", "y": -0.02, "itemsizing": "constant"},
        clickmode="event+select",
        dragmode="pan",
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    event = st.plotly_chart(
        figure, key=key, on_select=on_select, selection_mode="points", alt="Pairs as points; alike ones lie together"
    )
    chosen = event.selection.points
    return int(chosen[0]["customdata"][0]) if chosen else None
