"""Code in pieces, each on a ground of its own colour, told when it is pointed at.

Text reaches the browser as data and is set as text, so nothing in it can become markup.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import streamlit as st

_HTML = "<pre></pre>"
_CSS = """
pre {
  margin: 0; padding: 0.9rem 1rem; border-radius: 0.4rem; overflow-x: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; font-family: var(--st-code-font); font-size: 0.88rem; line-height: 1.7;
  background: var(--st-code-background-color); color: var(--st-text-color); max-height: 24rem; overflow-y: auto;
}
span { border-radius: 0.2rem; padding: 0.1rem 0; }
pre.large { font-size: 1.1rem; }
"""
_JS = """
export default function ({ parentElement, data }) {
  const box = parentElement.querySelector("pre");
  box.classList.toggle("large", data.large);
  box.replaceChildren(...data.pieces.map((piece) => {
    const span = document.createElement("span");
    span.textContent = piece.text;
    if (piece.strength > 0) {
      const share = Math.round(100 * Math.min(1, piece.strength));
      span.style.background = `color-mix(in srgb, ${piece.colour} ${share}%, transparent)`;
    }
    if (piece.told) span.title = piece.told;
    return span;
  }));
}
"""
_component = st.components.v2.component("workbench_coloured_text", html=_HTML, css=_CSS, js=_JS)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text on a colour, a CSS colour of ours, of a strength from 0 (none) to 1; told: shown on pointing at it."""

    text: str
    colour: str = "#0f9aad"
    strength: float = 0.0
    told: str = ""


def coloured_text(pieces: Sequence[Piece], key: str, large: bool = False) -> None:
    """Show pieces one after the other; each such text on a page needs a key of its own. large: for a room to read."""
    _component(data={"pieces": [asdict(piece) for piece in pieces], "large": large}, key=key)
