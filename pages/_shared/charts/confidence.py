"""What calibration did to a confidence: beside how often it was right, before and after."""

from collections.abc import Sequence
from typing import Any

from pages._shared.charts.drawing import HELD_OUT_COLOUR, TRAINING_COLOUR, show


def calibration(before: Sequence[Any], after: Sequence[Any], key: str) -> None:
    """Bins of confidence against the share that was right; on the diagonal the confidence tells the truth."""
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot", "color": "#8a9aa0"}, name="honest", hoverinfo="skip"
    )
    for name, bins, colour, dash in (
        ("before calibration", before, HELD_OUT_COLOUR, "dash"),
        ("as shown", after, TRAINING_COLOUR, "solid"),
    ):
        filled = [one for one in bins if one.count]
        most = max((one.count for one in filled), default=1)
        figure.add_scatter(
            x=[one.mean_confidence for one in filled],
            y=[one.share_of_hits for one in filled],
            mode="lines+markers",
            name=name,
            line={"color": colour, "dash": dash, "width": 2},
            marker={"size": [6 + 12 * (one.count / most) ** 0.5 for one in filled]},
            customdata=[one.count for one in filled],
            hovertemplate="confidence %{x:.2f}, right %{y:.0%}, of %{customdata}<extra>" + name + "</extra>",
        )
    figure.update_layout(
        height=320,
        margin={"l": 0, "r": 10, "t": 10, "b": 40},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    figure.update_xaxes(title="confidence", range=[-0.03, 1.03], fixedrange=True)
    figure.update_yaxes(title="share that was right", range=[-0.03, 1.06], tickformat=".0%", fixedrange=True)
    show(figure, "Confidence against the share that was right, before and after calibration", key)
