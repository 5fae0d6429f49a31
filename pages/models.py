"""Models: which versions there are, which is better, which one answers, and what people made of their answers."""

import streamlit as st

from pages._models import ab_test, compare, export, feedback, search, versions
from pages._shared import frame

PANELS = {
    "Versions": versions.draw,
    "Compare": compare.draw,
    "Find settings": search.draw,
    "A/B test": ab_test.draw,
    "Feedback": feedback.draw,
    "Export": export.draw,
}
PANEL = "models.panel"

service = frame.begin("models")

st.title("Models")
if PANEL not in st.session_state:
    wanted = st.query_params.get("panel", "")
    st.session_state[PANEL] = wanted if wanted in PANELS else next(iter(PANELS))
# Hidden panels do not run: only the chosen one is drawn.
chosen = st.segmented_control("Panel", list(PANELS), key=PANEL, required=True, label_visibility="collapsed")
st.query_params["panel"] = chosen
with frame.plain_errors():
    PANELS[chosen](service)
