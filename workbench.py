"""The main script: it builds the navigation and the frame around every page, nothing else."""

import streamlit as st

from pages._shared import frame

# A picture of our own: an icon by name would be fetched from a font service on the web.
st.set_page_config(
    page_title="Code workbench", page_icon=str(frame.PAGES_FOLDER / "_shared" / "icon.svg"), layout="wide"
)
frame.run()
