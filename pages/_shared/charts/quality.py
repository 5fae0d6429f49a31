"""How far a confidence can be trusted, and what a threshold on it buys."""

from collections.abc import Sequence
from typing import Any

from pages._shared.charts.drawing import HELD_OUT_COLOUR, TRAINING_COLOUR, show


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
    show(figure, f"Reliability of {title.lower()}: confidence against the share that was right")


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
    show(figure, "Share of lines that get an offer, and of these exactly right, by the least confidence", "coverage")
