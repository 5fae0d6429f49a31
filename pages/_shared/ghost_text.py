"""Prompt and completion as an editor shows them: the completion faintly behind the prompt.

Text reaches the browser as data and is set as text, so nothing in it can become markup.
"""

import streamlit as st

_HTML = '<pre><span class="before"></span><span class="ghost"></span></pre>'
_CSS = """
pre {
  margin: 0; padding: 0.9rem 1rem; border-radius: 0.4rem; overflow-x: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; font-family: var(--st-code-font); font-size: 0.88rem; line-height: 1.5;
  background: var(--st-code-background-color); color: var(--st-text-color);
}
.ghost { color: var(--st-primary-color); background: color-mix(in srgb, var(--st-primary-color) 14%, transparent);
  border-radius: 0.2rem; font-style: italic; }
pre.large { font-size: 1.1rem; }
"""
_JS = """
export default function ({ parentElement, data }) {
  parentElement.querySelector(".before").textContent = data.before;
  parentElement.querySelector(".ghost").textContent = data.ghost;
  parentElement.querySelector("pre").classList.toggle("large", data.large);
}
"""
_component = st.components.v2.component("workbench_ghost_text", html=_HTML, css=_CSS, js=_JS)
LINES_BEFORE = 12


def ghost_text(prompt: str, completion: str, key: str = "ghost_text", large: bool = False) -> None:
    """Show the last lines of `prompt` with `completion` behind them; each on a page needs a key of its own.

    large: for a room to read.
    """
    before = "\n".join(prompt.split("\n")[-LINES_BEFORE:])
    _component(data={"before": before, "ghost": completion, "large": large}, key=key)
