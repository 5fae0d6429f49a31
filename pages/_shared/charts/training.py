"""The live charts of a training: training solid, held-out dashed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages._shared.charts.drawing import HELD_OUT_COLOUR, TRAINING_COLOUR

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
