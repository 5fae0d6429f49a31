"""Two versions against each other: how each does with its limits, and the evidence as it gathered."""

import math
from collections.abc import Sequence

import streamlit as st

from pages._shared.charts.drawing import harmless, show, version_colour

LEAST_SHOWN = 0.02  # evidence below it says no more than that nothing speaks for a version
STYLES = (("solid", "circle"), ("dash", "diamond"))  # tells two versions apart whose colours are alike


def arms_with_limits(
    versions: Sequence[str], means: Sequence[float], lows: Sequence[float], highs: Sequence[float], what: str, key: str
) -> None:
    """One point a version with the limits of what it may really be, shares from 0 to 1."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for place, (version, mean, low, high) in enumerate(zip(versions, means, lows, highs, strict=True)):
        figure.add_scatter(
            x=[mean],
            y=[harmless(version)],
            error_x={
                "type": "data", "symmetric": False, "array": [high - mean], "arrayminus": [mean - low],
                "thickness": 2.5, "width": 8, "color": version_colour(version),
            },
            mode="markers",
            marker={"size": 13, "color": version_colour(version), "symbol": STYLES[place % 2][1]},
            hovertemplate=f"{harmless(version)}: {mean:.1%}, may be {low:.1%} to {high:.1%}<extra></extra>",
            showlegend=False,
        )  # fmt: skip
    figure.update_layout(
        title={"text": what, "font": {"size": 14}}, height=170, margin={"l": 0, "r": 10, "t": 36, "b": 0}
    )
    figure.update_xaxes(tickformat=".0%", range=[-0.02, 1.02], fixedrange=True, showgrid=True)
    figure.update_yaxes(autorange="reversed", fixedrange=True, type="category")
    show(figure, f"{what}, of each version, with limits", key)


def evidence(
    outcomes: Sequence[int],
    by_version: Sequence[tuple[str, Sequence[float]]],
    enough: float,
    key: str,
) -> None:
    """What speaks for each version being the better one, over the answers that were counted; and where it is enough."""
    import plotly.graph_objects as go

    dark = st.context.theme.type == "dark"
    figure = go.Figure()
    for place, (version, values) in enumerate(by_version):
        figure.add_scatter(
            x=list(outcomes),
            y=[max(LEAST_SHOWN, value) for value in values],
            customdata=list(values),
            name=f"for {harmless(version)}",
            mode="lines" if len(outcomes) > 2 else "lines+markers",
            line={"color": version_colour(version), "width": 2.5, "dash": STYLES[place % 2][0]},
            hovertemplate="%{customdata:.3g} after %{x:,} answers",
        )
    most = max((value for _version, values in by_version for value in values), default=1.0)
    figure.add_hline(y=enough, line={"dash": "dot", "width": 1.5, "color": "#8a9aa0"})
    # A line's own annotation would take the place on a logarithmic axis for its logarithm.
    figure.add_annotation(
        x=0, xref="paper", xanchor="left", y=math.log10(enough), yanchor="bottom", text=f"enough: {enough:g}",
        showarrow=False, font={"color": "#b9c7cb" if dark else "#48585d"},
    )  # fmt: skip
    figure.update_layout(
        title={"text": "Evidence for being the better one", "font": {"size": 14}},
        height=300,
        margin={"l": 0, "r": 10, "t": 40, "b": 0},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        hovermode="x unified",
    )
    figure.update_xaxes(title="answers that were judged, of both", rangemode="tozero", fixedrange=True)
    figure.update_yaxes(
        type="log", range=[math.log10(LEAST_SHOWN), math.log10(max(3 * enough, 2 * most))], fixedrange=True, dtick=1,
        tickformat=",", title="evidence (logarithmic)",
    )  # fmt: skip
    show(figure, "The evidence for each version being the better one, over the answers that were judged", key)
