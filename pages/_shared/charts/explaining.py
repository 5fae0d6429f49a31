"""Why a model said what it said: the features, what pushed, and the alternatives."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages._shared.charts.drawing import HELD_OUT_COLOUR, TRAINING_COLOUR, harmless, show, visible

if TYPE_CHECKING:
    import numpy as np


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
    show(figure, "The 544 feature values as a strip")


def tree(
    labels: Sequence[str], parents: Sequence[str], values: Sequence[float], marked: Sequence[bool], key: str
) -> None:
    """Pieces of text that follow each other, from left to right; `parents` are numbers of earlier ones as text."""
    import plotly.graph_objects as go

    shown = [harmless(visible(label).strip("␣") or "␣") for label in labels]
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
    show(figure, "The alternatives as a tree of pieces, by their probability", key)


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
    show(figure, "What each group of features gave to the token", key)
