"""Versions and trials side by side: curves over each other, what settings brought, and the best so far."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pages._shared.charts.drawing import HELD_OUT_COLOUR, TRAINING_COLOUR, harmless, show, version_colour

MOST_POINTS = 500
FEW_VALUES = 8  # of an axis, so few are ticks of their own


@dataclass(frozen=True, slots=True)
class Curve:
    """One version's curve: raw values, drawn faintly, and smoothed ones above them."""

    version: str
    title: str
    places: Sequence[float]
    raw: Sequence[float | None]
    smooth: Sequence[float | None]


def overlaid_curves(title: str, across: str, curves: Sequence[Curve], key: str, logarithmic: bool = False) -> None:
    """Curves of several versions in one chart, each in its version's colour."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for curve in curves:
        step = max(1, len(curve.places) // MOST_POINTS)
        colour = version_colour(curve.version)
        few = "lines+markers" if len(curve.places) <= 3 else "lines"
        if list(curve.raw) != list(curve.smooth):
            figure.add_scatter(
                x=curve.places[::step], y=curve.raw[::step], mode="lines", line={"color": colour, "width": 1},
                opacity=0.3, showlegend=False, hoverinfo="skip",
            )  # fmt: skip
        figure.add_scatter(
            x=curve.places[::step], y=curve.smooth[::step], mode=few, name=harmless(curve.title),
            line={"color": colour, "width": 2}, hovertemplate="%{y:.3f} at %{x:,.0f}",
        )  # fmt: skip
    figure.update_layout(
        title={"text": title, "font": {"size": 14}},
        height=320,
        margin={"l": 0, "r": 0, "t": 40, "b": 0},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        hovermode="x unified",
    )
    figure.update_xaxes(title=across, rangemode="tozero", fixedrange=True)
    figure.update_yaxes(type="log" if logarithmic else "linear", fixedrange=True)
    show(figure, f"{title} of {len(curves)} versions over each other", key)


def parallel_coordinates(
    axes: Mapping[str, Sequence[float]],
    coloured_by: str,
    key: str,
    logarithmic: Collection[str] = (),
) -> None:
    """Each run as a line through its settings, coloured by what it brought: the less the better.

    axes: equally long columns. Of few different values each has its own tick, at equal distances. logarithmic: axes on
    which ten times as much is always as far.
    """
    import plotly.graph_objects as go

    figure = go.Figure(
        go.Parcoords(
            dimensions=[
                {"label": name, **_axis(values, name in logarithmic, name != coloured_by)}
                for name, values in axes.items()
            ],
            line={
                "color": list(axes[coloured_by]),
                "colorscale": [[0, TRAINING_COLOUR], [1, HELD_OUT_COLOUR]],
            },
            labelfont={"size": 12},
        )
    )
    figure.update_layout(height=320, margin={"l": 50, "r": 50, "t": 50, "b": 20})
    show(figure, f"{len(axes[coloured_by])} runs through their settings, coloured by {coloured_by}", key)


def _axis(values: Sequence[float], logarithmic: bool, ticks: bool) -> dict[str, Any]:
    different = sorted(set(values))
    if ticks and len(different) <= FEW_VALUES:
        places = [different.index(value) for value in values]
        return {
            "values": places,
            "range": [-0.2, max(1, len(different) - 1) + 0.2],
            "tickvals": list(range(len(different))),
            "ticktext": [f"{value:g}" for value in different],
        }
    if logarithmic:
        low, high = math.floor(math.log10(different[0])), math.ceil(math.log10(different[-1]))
        return {
            "values": [math.log10(value) for value in values],
            "range": [low, high],
            "tickvals": list(range(low, high + 1)),
            "ticktext": [f"{10.0**exponent:g}" for exponent in range(low, high + 1)],
        }
    return {"values": list(values)}


def best_so_far(losses: Sequence[float | None], given_up: Sequence[bool], key: str) -> None:
    """The held-out loss of each trial, and the least so far."""
    import plotly.graph_objects as go

    least: list[float | None] = []
    for loss, lost in zip(losses, given_up, strict=True):
        before = least[-1] if least else None
        known = [value for value in (before, None if lost else loss) if value is not None]
        least.append(min(known) if known else None)
    numbers = list(range(1, len(losses) + 1))
    figure = go.Figure()
    for name, wanted, symbol in (("trained to its end", False, "circle"), ("given up early", True, "x-thin-open")):
        at = [place for place, lost in enumerate(given_up) if lost is wanted and losses[place] is not None]
        figure.add_scatter(
            x=[numbers[place] for place in at], y=[losses[place] for place in at], name=name, mode="markers",
            marker={"color": TRAINING_COLOUR if not wanted else "#8a9aa0", "size": 8, "symbol": symbol},
            hovertemplate="trial %{x}: %{y:.3f}<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=numbers, y=least, name="best so far", mode="lines", line={"color": HELD_OUT_COLOUR, "shape": "hv"},
        hoverinfo="skip",
    )  # fmt: skip
    figure.update_layout(
        title={"text": "Held-out loss of each trial", "font": {"size": 14}},
        height=280,
        margin={"l": 0, "r": 0, "t": 40, "b": 0},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    )
    figure.update_xaxes(title="trial", fixedrange=True, dtick=1 if len(losses) <= 20 else None)
    figure.update_yaxes(fixedrange=True)
    show(figure, "Held-out loss of each trial of the search, and the least so far", key)
