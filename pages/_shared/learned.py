"""Whether a version learned from a pair, in a few words; looked up once for each version."""

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.errors import DatasetError
from dlcodegen_core.explain.learned import LearnedRows
from dlcodegen_core.explainer import learned_rows
from dlcodegen_core.models.saved_model import ModelCard

SIDES = {
    "learned": ":material/school: {version} learned from this pair",
    "held out": ":material/visibility_off: held out: {version} was measured on it and did not learn from it",
    "not there": ":material/fiber_new: not in the revision that {version} was trained on",
}


def told(service: DLCodeGen, card: ModelCard, dataset: str, row_id: int) -> str:
    """Where a row of a dataset stood in a version's training; empty where that cannot be told."""
    if card.dataset != dataset:
        return ""
    try:
        found = _rows(service, card.version, card.dataset_fingerprint)
    except DatasetError:  # its revision is gone, or is another one by now: nothing to tell, and nothing to mend here
        return ""
    return SIDES[found.side(row_id)].format(version=card.version) if found is not None else ""


@st.cache_resource(max_entries=8, show_spinner="Looking up what it was trained on …")
def _rows(_service: DLCodeGen, version: str, fingerprint: str) -> LearnedRows | None:
    return learned_rows(_service, version)
