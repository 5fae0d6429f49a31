"""A/B tests between versions: who gets which, and when enough is known."""

from dlcodegen_core.experiments.records import (
    ACCEPTED,
    BY_ACCEPTED,
    BY_KEPT,
    BY_SIMILARITY,
    EDITED,
    REJECTED,
    Arm,
    Chosen,
    Experiment,
    Outcome,
    Results,
)
from dlcodegen_core.experiments.store import ExperimentStore

__all__ = [
    "ACCEPTED",
    "BY_ACCEPTED",
    "BY_KEPT",
    "BY_SIMILARITY",
    "EDITED",
    "REJECTED",
    "Arm",
    "Chosen",
    "Experiment",
    "ExperimentStore",
    "Outcome",
    "Results",
]
