"""What a fine-tuning came to: whether the new version answers from now on, and the reasons with their numbers."""

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.errors import WorkbenchError
from dlcodegen_core.registry.tuned_versions import settlement_of
from dlcodegen_core.training.job import JobFolder
from pages._shared import frame


def draw_verdict(service: DLCodeGen, job: JobFolder, version: str) -> None:
    """Nothing for a training that is no fine-tuning, or whose version is gone."""
    if not job.request.parent:
        return
    try:
        reasons = service.versions.card(version).tuning.get("reasons", ())
    except WorkbenchError:
        return
    settled = settlement_of(job)
    with st.container(border=True):
        if settled:
            st.markdown(f"**{frame.plain_text(settled.note)}**")
        else:
            st.fragment(_soon, run_every=0.5)(job, version)
        for reason in reasons:
            st.markdown(f"- {frame.plain_text(str(reason))}")
        frame.link("models", "See it on the Models page", panel="Versions", version=version)


def _soon(job: JobFolder, version: str) -> None:
    """Look again until its place is given, then draw the page without this refresh."""
    if settlement_of(job):
        st.rerun()
    st.markdown(f"**{version} is judged; its place is given in a moment, or when the workbench starts anew.**")
