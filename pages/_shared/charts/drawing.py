"""What all charts share: colours readable on both grounds, and text that is never read as markup."""

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    import plotly.graph_objects as go

TRAINING_COLOUR = "#0f9aad"


HELD_OUT_COLOUR = "#d9771f"


GROUP_COLOURS = ("#0f9aad", "#d9771f", "#7a5cc7", "#b8860b", "#3b8f3b", "#cc5f9b", "#5b7fd0", "#8a9aa0")


def show(figure: "go.Figure", alt: str, key: str | None = None) -> None:
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=alt)


def cycled_colours(count: int) -> list[str]:
    return [GROUP_COLOURS[place % len(GROUP_COLOURS)] for place in range(count)]


def harmless(text: str) -> str:
    """Text of a person or a file for a chart, which reads a little markup: bold, links and the like."""
    from html import escape

    return escape(text, quote=False)


def harmless_lines(preview: str) -> str:
    """Code for a chart's hover box, with its line ends."""
    return harmless(preview).replace("\n", "<br>")


def visible(token: str) -> str:
    """A token as it can be told from others: line ends and blanks are written out."""
    shown = token.replace("\n", "⏎").replace("\t", "→")
    return f"{shown[:-1]}␣" if shown.endswith(" ") else shown


def version_colour(version: str) -> str:
    """The colour of a version, the same in every chart."""
    digits = "".join(character for character in version if character.isdigit())
    return GROUP_COLOURS[(int(digits) - 1) % len(GROUP_COLOURS)] if digits else "#8a9aa0"
