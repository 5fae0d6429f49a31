"""The moment before the demo data is there: say so, and go on by itself when it is."""

import streamlit as st

from dlcodegen_core import DLCodeGen

LOOK_SECONDS = 0.7


def wait_for_demo(service: DLCodeGen) -> None:
    """If the demo data is still being made, show that and redraw the page once it is there."""
    if not service.datasets.infos() and not service.datasets.deleted():
        st.fragment(_look, run_every=LOOK_SECONDS)(service)


def _look(service: DLCodeGen) -> None:
    if service.datasets.infos():
        st.rerun()
    st.info(
        "Reading the Python standard library of this machine for the demo dataset …", icon=":material/hourglass_empty:"
    )
