"""Two versions of one dataset, before and after a person changed it: what the same prompt is asked of.

Found by the cards alone, so it is found again after a reload, and however the later one was trained.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dlcodegen_core.models.saved_model import ModelCard


@dataclass(frozen=True, slots=True)
class Retraining:
    """The same kind of model, on an earlier and on a later revision of the same dataset."""

    before: ModelCard
    after: ModelCard


def retraining_of(card: ModelCard, trained: Sequence[ModelCard]) -> Retraining | None:
    """What became of a version, or else what it came from; None where its dataset was trained on once.

    trained: all versions, newest first.
    """
    if card.dataset_revision is None:
        return None
    alike = [
        (other.dataset_revision, other)
        for other in trained
        if other.dataset == card.dataset and other.config.model == card.config.model and other.dataset_revision
    ]
    later = next((other for revision, other in alike if revision > card.dataset_revision), None)
    if later is not None:
        return Retraining(card, later)
    earlier = next((other for revision, other in alike if revision < card.dataset_revision), None)
    return Retraining(earlier, card) if earlier is not None else None
