"""Before and after a training, side by side."""

from collections.abc import Sequence
from typing import Any

from pages._shared.charts.drawing import TRAINING_COLOUR, show

BEFORE_COLOUR = "#8a9aa0"


def before_and_after(names: Sequence[str], before: Sequence[Any], after: Sequence[Any], key: str) -> None:
    """Bars from 0 to 100 with their 95 % intervals; before, after: each with mean, low and high, one for each name."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for label, values, colour in (("before", before, BEFORE_COLOUR), ("after", after, TRAINING_COLOUR)):
        figure.add_bar(
            name=label,
            y=list(names),
            x=[value.mean for value in values],
            orientation="h",
            marker_color=colour,
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [value.high - value.mean for value in values],
                "arrayminus": [value.mean - value.low for value in values],
                "thickness": 1.5,
                "color": "#5c6d73",
            },
            hovertemplate=f"{label}: %{{x:.1f}}<extra></extra>",
        )
    figure.update_layout(
        height=110 + 80 * len(names),
        margin={"l": 0, "r": 16, "t": 8, "b": 40},
        xaxis={"range": [0, 100], "title": "0 to 100, with 95 % intervals", "fixedrange": True},
        yaxis={"autorange": "reversed", "fixedrange": True, "ticksuffix": "  "},
        legend={"orientation": "h", "y": 1.12, "traceorder": "normal"},
        bargap=0.35,
        barmode="group",
    )
    show(figure, "How good it is before and after the training", key)
