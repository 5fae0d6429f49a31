"""What became of completions: the shares of each version, and the counts of each day."""

from collections.abc import Sequence
from typing import Any

from pages._shared.charts.drawing import HELD_OUT_COLOUR, TRAINING_COLOUR, harmless, show

# Light to dark in grey as well, so that they are told apart without their colours.
OUTCOME_COLOURS = {"accepted": TRAINING_COLOUR, "edited": HELD_OUT_COLOUR, "rejected": "#7d7f96"}
VERSIONS_SHOWN = 12
DAYS_SHOWN = 31


def outcome_shares(versions: Sequence[Any]) -> None:
    """One bar a version: which share of its judged completions was accepted, edited and rejected."""
    import plotly.graph_objects as go

    shown = versions[:VERSIONS_SHOWN]
    labels = [f"{harmless(one.version)} ({one.counts.total:,})" for one in shown]
    figure = go.Figure()
    for outcome, colour in OUTCOME_COLOURS.items():
        shares = [one.counts.rate(outcome) or 0.0 for one in shown]
        figure.add_bar(
            y=labels, x=shares, name=outcome, orientation="h", marker_color=colour,
            text=[f"{share:.0%}" if share >= 0.08 else "" for share in shares],
            textposition="inside", insidetextanchor="middle", textangle=0, textfont_color="white",
            customdata=[getattr(one.counts, outcome) for one in shown],
            hovertemplate=f"%{{customdata:,}} {outcome}, %{{x:.0%}}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        barmode="stack",
        title={"text": "What became of each version's completions", "font": {"size": 14}},
        height=120 + 36 * len(shown),
        margin={"l": 0, "r": 24, "t": 60, "b": 40},
        xaxis={"range": [0, 1], "tickformat": ".0%", "title": "share of the completions that were judged"},
        yaxis={"autorange": "reversed", "type": "category"},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        bargap=0.35,
    )
    show(figure, "Shares of accepted, edited and rejected completions by version", "feedback_shares")


def outcomes_by_day(days: Sequence[Any]) -> None:
    """One bar a day: how many completions were accepted, edited and rejected, in the colours of `outcome_shares`."""
    import plotly.graph_objects as go

    shown = days[-DAYS_SHOWN:]
    labels = [f"{one.day:%d %b}" if one.day.year == shown[-1].day.year else f"{one.day:%d %b %Y}" for one in shown]
    figure = go.Figure()
    for outcome, colour in OUTCOME_COLOURS.items():
        figure.add_bar(
            x=labels, y=[getattr(one.counts, outcome) for one in shown],
            name=outcome, marker_color=colour, hovertemplate=f"%{{y:,}} {outcome} on %{{x}}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        barmode="stack",
        title={"text": "All feedback, by day", "font": {"size": 14}},
        height=260,
        margin={"l": 0, "r": 10, "t": 40, "b": 40},
        xaxis={"type": "category", "title": "day (UTC)"},
        yaxis={"title": "completions", "rangemode": "tozero", "tickformat": ",d"},
        showlegend=False,
        bargap=0.4,
    )
    show(figure, "Accepted, edited and rejected completions by day", "feedback_days")
