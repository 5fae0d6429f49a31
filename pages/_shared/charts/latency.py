"""Where the time went: of one request, and over many."""

from collections.abc import Mapping, Sequence
from typing import Any

from pages._shared.charts.drawing import HELD_OUT_COLOUR, TRAINING_COLOUR, show

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
    "corrections": "#cc5f9b",
}


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
    show(figure, "Stages of this request and their milliseconds", key)


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
    show(figure, "Median and 95th percentile of each stage")
