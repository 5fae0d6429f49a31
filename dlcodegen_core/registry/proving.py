"""Whether a version can really be used: it loads, and it answers a short prompt. Weights are read, so it takes a while.

More than its digests say: a file from elsewhere can be whole and still hold nonsense.
"""

from pathlib import Path

import numpy as np

from dlcodegen_core.errors import ModelError
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models.saved_model import (
    ModelCard,
    load_card,
    load_forward_pass,
    load_sequence,
    load_training_features,
)

PROMPT = "def main():\n    return "


def prove(folder: Path) -> ModelCard:
    """The card of the version in `folder`, which loads and answers. Raises ModelError if it does not."""
    card = load_card(folder)
    try:
        sound = _completes(folder) if card.is_sequence else _weighs(folder)
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as exc:
        raise ModelError(f"Model {folder.name} cannot answer ({exc or type(exc).__name__}). Train it again.") from exc
    if not sound:
        raise ModelError(f"Model {folder.name} loads, but what it answers are no probabilities. Train it again.")
    return card


def _weighs(folder: Path) -> bool:
    _card, network = load_forward_pass(folder)
    load_training_features(folder)
    return bool(np.isfinite(network.log_probabilities(np.zeros((1, DIMENSIONS), np.float32))).all())


def _completes(folder: Path) -> bool:
    from dlcodegen_core.models.sequence.line_search import SearchOptions, search

    _card, model, _calibration = load_sequence(folder)
    found = search(model, PROMPT, SearchOptions(max_tokens=2, width=1, stop=("\n",))).hypotheses
    return all(np.isfinite(line.log_probability) for line in found)
