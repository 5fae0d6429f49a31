"""The main script: it builds the navigation and the frame around every page, nothing else."""

import streamlit as st

from pages._shared import frame

st.set_page_config(page_title="Code workbench", page_icon=":material/code_blocks:", layout="wide")
frame.run()
