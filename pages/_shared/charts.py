"""The workbench's one visual language: training solid, held-out dashed, colours readable on both grounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    import numpy as np
    import plotly.graph_objects as go

TRAINING_COLOUR = "#0f9aad"
HELD_OUT_COLOUR = "#d9771f"
STAGE_COLOURS = {
    "cache look-up": "#8a9aa0",
    "model load": "#b8860b",
    "embedding": "#0f9aad",
    "keywords": "#7a5cc7",
    "AST": "#3b8f3b",
    "syntax": "#cc5f9b",
    "forward": "#d9771f",
    "decode": "#5b7fd0",
    "reading": "#0f9aad",
    "parsing": "#3b8f3b",
}
MOST_POINTS = 500
FEW_POINTS = 3  # so few are marked, since a line may not show them


@dataclass(frozen=True, slots=True)
class Axis:
    """Where the points of a curve stand, and how far the axis goes: fixed, so that nothing jumps while they come.

    until_then: what an empty chart says of when its first point comes, or why none does.
    """

    name: str
    places: Sequence[float]
    first: float
    last: float
    until_then: str


def curve(
    title: str,
    axis: Axis,
    training: Sequence[float | None],
    held_out: Sequence[float | None],
    key: str,
    percent: bool = False,
) -> None:
    """One live chart of training and held-out values; a line of which nothing is known is left out."""
    shown = _decimated(len(axis.places))
    lines = (("training", training, TRAINING_COLOUR, "solid"), ("held-out", held_out, HELD_OUT_COLOUR, "dashed"))
    series = [
        _line(name, shown, axis.places, values, colour, style)
        for name, values, colour, style in lines
        if any(value is not None for value in values)
    ]
    dark = st.context.theme.type == "dark"
    text = {"color": "#b9c7cb" if dark else "#48585d"}
    grid = {"lineStyle": {"color": "#2b383d" if dark else "#e3eaec"}}
    st.echarts_chart(
        {
            "animation": False,
            "title": {
                "text": title,
                "subtext": "" if series else axis.until_then,
                "textStyle": {"fontSize": 14, **text},
                "subtextStyle": text,
                "left": 0,
                "top": 6,
            },
            "legend": {"right": 0, "top": 4, "textStyle": text, "itemWidth": 28, "show": bool(series)},
            "grid": {"left": 40, "right": 16, "top": 46, "bottom": 40},
            "tooltip": {"trigger": "axis", "valueFormatter": "percent" if percent else "%.3f"},
            "xAxis": {
                "type": "value",
                "name": axis.name,
                "nameLocation": "middle",
                "nameGap": 24,
                "min": axis.first,
                "max": axis.last,
                "minInterval": 1,
                "axisLabel": text,
                "nameTextStyle": text,
                "splitLine": {"show": False},
            },
            "yAxis": {
                "type": "value",
                "min": 0,
                **({"max": 1} if percent else {}),
                "axisLabel": text,
                "splitLine": grid,
            },
            "series": series,
        },
        height=260,
        key=key,
    )


def latency_waterfall(latency_ms: Mapping[str, float], key: str | None = None) -> None:
    """The stages of one request, one after the other, in milliseconds."""
    import plotly.graph_objects as go

    figure = go.Figure()
    begin = 0.0
    for stage, milliseconds in latency_ms.items():
        figure.add_bar(
            y=[stage],
            x=[milliseconds],
            base=[begin],
            orientation="h",
            marker_color=STAGE_COLOURS.get(stage, "#8a9aa0"),
            text=[f"{milliseconds:.2f} ms"],
            textposition="outside" if milliseconds < 0.6 * sum(latency_ms.values()) else "inside",
            hovertemplate=f"{stage}: %{{x:.3f}} ms<extra></extra>",
            cliponaxis=False,
        )
        begin += milliseconds
    figure.update_layout(
        showlegend=False,
        height=80 + 30 * len(latency_ms),
        margin={"l": 0, "r": 70, "t": 8, "b": 36},
        xaxis_title="milliseconds since the request came in",
        yaxis={"autorange": "reversed"},
        bargap=0.35,
    )
    _plotly(figure, "Stages of this request and their milliseconds", key)


def feature_strip(features: "np.ndarray", names: Sequence[str], groups: Sequence[Any]) -> None:
    """All 544 numbers as one strip, each group on its own scale, group borders marked."""
    import numpy as np
    import plotly.graph_objects as go

    dark = st.context.theme.type == "dark"
    scaled = np.zeros(len(features))
    for group in groups:
        values = features[group.start : group.start + group.size]
        peak = float(np.abs(values).max()) or 1.0
        scaled[group.start : group.start + group.size] = values / peak
    figure = go.Figure(
        go.Heatmap(
            z=[scaled],
            customdata=[[f"{name}: {value:.3f}" for name, value in zip(names, features.tolist(), strict=True)]],
            hovertemplate="%{customdata}<extra></extra>",
            colorscale=[[0, "#d9771f"], [0.5, "#1b2529" if dark else "#f4f7f8"], [1, "#0f9aad"]],
            zmid=0,
            zmin=-1,
            zmax=1,
            showscale=False,
        )
    )
    for group in groups[1:]:
        figure.add_vline(x=group.start - 0.5, line_width=1, line_color="#8a9aa0")
    figure.update_layout(
        height=110,
        margin={"l": 0, "r": 0, "t": 4, "b": 30},
        yaxis={"visible": False},
        xaxis={
            "tickmode": "array",
            "tickvals": [group.start + group.size / 2 for group in groups],
            "ticktext": [group.title if group.size > 40 else group.title.split()[0] for group in groups],
            "showgrid": False,
        },
    )
    _plotly(figure, "The 544 feature values as a strip")


def stage_percentiles(rows: Sequence[Any]) -> None:
    """Median and 95th percentile of each stage over recent requests, logarithmic milliseconds."""
    import plotly.graph_objects as go

    stages = [row.stage for row in rows]
    figure = go.Figure()
    figure.add_bar(y=stages, x=[row.p50_ms for row in rows], orientation="h", name="p50", marker_color=TRAINING_COLOUR)
    figure.add_bar(y=stages, x=[row.p95_ms for row in rows], orientation="h", name="p95", marker_color=HELD_OUT_COLOUR)
    figure.update_layout(
        height=90 + 34 * len(rows),
        margin={"l": 0, "r": 10, "t": 8, "b": 40},
        xaxis={"type": "log", "title": "milliseconds (logarithmic)"},
        yaxis={"autorange": "reversed"},
        legend={"orientation": "h", "y": 1.08},
        bargap=0.3,
    )
    _plotly(figure, "Median and 95th percentile of each stage")


def reliability(title: str, bins: Sequence[Any]) -> None:
    """Confidence against the share that was right; on the diagonal the confidence tells the truth."""
    import plotly.graph_objects as go

    filled = [one for one in bins if one.count]
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot", "color": "#8a9aa0"}, name="honest", hoverinfo="skip"
    )
    most = max((one.count for one in filled), default=1)
    figure.add_scatter(
        x=[one.mean_confidence for one in filled],
        y=[one.share_of_hits for one in filled],
        mode="lines+markers",
        name="measured",
        line={"color": TRAINING_COLOUR},
        marker={"size": [7 + 15 * (one.count / most) ** 0.5 for one in filled]},
        customdata=[one.count for one in filled],
        hovertemplate="confidence %{x:.2f}, right %{y:.0%}, of %{customdata}<extra></extra>",
    )
    figure.update_layout(
        title=title,
        height=300,
        margin={"l": 0, "r": 10, "t": 40, "b": 40},
        xaxis={"title": "confidence", "range": [-0.03, 1.03]},
        yaxis={"title": "share that was right", "range": [-0.03, 1.06], "tickformat": ".0%"},
        showlegend=False,
    )
    _plotly(figure, f"Reliability of {title.lower()}: confidence against the share that was right")


def _plotly(figure: "go.Figure", alt: str, key: str | None = None) -> None:
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=alt)


def _line(
    name: str,
    shown: Sequence[int],
    places: Sequence[float],
    values: Sequence[float | None],
    colour: str,
    style: str,
) -> dict[str, Any]:
    return {
        "name": name,
        "type": "line",
        "symbol": "circle" if len(shown) <= FEW_POINTS else "none",
        "data": [[places[index], values[index]] for index in shown],
        "itemStyle": {"color": colour},
        "lineStyle": {"color": colour, "type": style, "width": 2},
    }


def _decimated(points: int) -> list[int]:
    """Indices of at most 500 points, the last one always among them."""
    step = max(1, -(-points // MOST_POINTS))
    kept = list(range(0, points, step))
    return kept if not points or kept[-1] == points - 1 else [*kept, points - 1]


def header_histogram(title: str, labels: Sequence[str], counts: Sequence[int], key: str) -> int | None:
    """A small histogram above a table; the place of the bar that was clicked, None for none."""
    import plotly.graph_objects as go

    dark = st.context.theme.type == "dark"
    text = "#b9c7cb" if dark else "#48585d"
    figure = go.Figure(
        go.Bar(
            x=list(range(len(labels))),
            y=list(counts),
            customdata=[_harmless(label) for label in labels],
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
        tickvals=ends, ticktext=[_harmless(_short(labels[end])) for end in ends], showgrid=False, fixedrange=True,
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
            customdata=[_harmless(_visible(token)) for token in tokens],
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
        tickvals=list(range(len(tokens))), ticktext=[_harmless(_visible(token)[:12]) for token in tokens],
        tickangle=-45, fixedrange=True, showgrid=False,
    )  # fmt: skip
    figure.update_yaxes(tickformat=".0%", fixedrange=True)
    _plotly(figure, "The most frequent first tokens of targets, and the share of targets that begin with each", key)


def _visible(token: str) -> str:
    """A token as it can be told from others: line ends and blanks are written out."""
    shown = token.replace("\n", "⏎").replace("\t", "→")
    return f"{shown[:-1]}␣" if shown.endswith(" ") else shown


def point_map(
    xs: Sequence[float], ys: Sequence[float], groups: Sequence[str], previews: Sequence[str], key: str
) -> int | None:
    """Points in the plane, coloured by group; the place of the one that was clicked, None for none."""
    import plotly.graph_objects as go

    figure = go.Figure()
    places = {group: [at for at, own in enumerate(groups) if own == group] for group in dict.fromkeys(groups)}
    for (group, own), colour in zip(
        sorted(places.items(), key=lambda item: -len(item[1])), _cycled(len(places)), strict=True
    ):
        figure.add_scatter(
            x=[xs[at] for at in own],
            y=[ys[at] for at in own],
            customdata=[[at] for at in own],
            text=[_lines(previews[at]) for at in own],
            name=f"{_harmless(group)} ({len(own):,})",
            mode="markers",
            marker={"size": 6, "color": colour, "opacity": 0.75},
            hovertemplate="%{text}<extra></extra>",
        )
    figure.update_layout(
        height=460,
        margin={"l": 0, "r": 0, "t": 10, "b": 0},
        legend={"orientation": "h", "y": -0.02, "itemsizing": "constant"},
        clickmode="event+select",
        dragmode="pan",
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    event = st.plotly_chart(
        figure, key=key, on_select="rerun", selection_mode="points", alt="Pairs as points; alike ones lie together"
    )
    chosen = event.selection.points
    return int(chosen[0]["customdata"][0]) if chosen else None


GROUP_COLOURS = ("#0f9aad", "#d9771f", "#7a5cc7", "#b8860b", "#3b8f3b", "#cc5f9b", "#5b7fd0", "#8a9aa0")


def _cycled(count: int) -> list[str]:
    return [GROUP_COLOURS[place % len(GROUP_COLOURS)] for place in range(count)]


def _lines(preview: str) -> str:
    """Code for a chart's hover box, with its line ends."""
    return _harmless(preview).replace("\n", "<br>")


def _harmless(text: str) -> str:
    """Text of a person or a file for a chart, which reads a little markup: bold, links and the like."""
    from html import escape

    return escape(text, quote=False)


def coverage(thresholds: Sequence[float], offered: Sequence[float], right: Sequence[float]) -> None:
    """How much is offered, and how much of that is right, by the least confidence that is asked for."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for name, values, colour, dash in (
        ("lines that get an offer", offered, TRAINING_COLOUR, "solid"),
        ("of these exactly right", right, HELD_OUT_COLOUR, "dash"),
    ):
        figure.add_scatter(
            x=list(thresholds), y=list(values), name=name, mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2}, marker={"size": 5},
            hovertemplate="at %{x:.2f}: %{y:.0%}<extra>" + name + "</extra>",
        )  # fmt: skip
    figure.update_layout(
        title={"text": "What a threshold on the confidence buys", "font": {"size": 14}},
        height=280,
        margin={"l": 0, "r": 0, "t": 40, "b": 0},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    )
    figure.update_xaxes(title="least confidence", range=[0, 1], fixedrange=True)
    figure.update_yaxes(tickformat=".0%", range=[0, 1.03], fixedrange=True)
    _plotly(figure, "Share of lines that get an offer, and of these exactly right, by the least confidence", "coverage")


def tree(
    labels: Sequence[str], parents: Sequence[str], values: Sequence[float], marked: Sequence[bool], key: str
) -> None:
    """Pieces of text that follow each other, from left to right; `parents` are numbers of earlier ones as text."""
    import plotly.graph_objects as go

    shown = [_harmless(_visible(label).strip("␣") or "␣") for label in labels]
    figure = go.Figure(
        go.Icicle(
            ids=[str(place) for place in range(len(labels))],
            labels=shown,
            parents=list(parents),
            values=list(values),
            branchvalues="remainder" if len(labels) == 1 else "total",
            tiling={"orientation": "h"},
            marker={"colors": [TRAINING_COLOUR if mark else "#8fb8be" for mark in marked]},
            hovertemplate="%{label}<br>%{value:.1%}<extra></extra>",
            textfont={"family": "monospace"},
        )
    )
    figure.update_layout(height=260, margin={"l": 0, "r": 0, "t": 4, "b": 4})
    _plotly(figure, "The alternatives as a tree of pieces, by their probability", key)


def pushes(names: Sequence[str], values: Sequence[float], key: str) -> None:
    """What spoke for something, to the right, and against it, to the left, in nats."""
    import plotly.graph_objects as go

    figure = go.Figure(
        go.Bar(
            y=list(names),
            x=list(values),
            orientation="h",
            marker_color=[TRAINING_COLOUR if value >= 0 else HELD_OUT_COLOUR for value in values],
            text=[f"{value:+.2f}" for value in values],
            hovertemplate="%{y}: %{x:+.3f} nats<extra></extra>",
            cliponaxis=False,
        )
    )
    figure.update_layout(height=220, margin={"l": 0, "r": 24, "t": 8, "b": 0})
    figure.update_xaxes(title="push, nats", zeroline=True, fixedrange=True)
    figure.update_yaxes(autorange="reversed", fixedrange=True)
    _plotly(figure, "What each group of features gave to the token", key)
