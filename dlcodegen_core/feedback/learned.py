"""Which versions were fine-tuned on a pair: they know it even after it is forgotten here."""

from collections.abc import Collection, Iterable

from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.registry.versions import DamagedVersion

LEARNED_PAIRS = "feedback"  # the entry of a card's `tuning` with the fingerprints of the pairs


def learned_by(cards: Iterable[ModelCard | DamagedVersion], fingerprints: Collection[str]) -> list[str]:
    """The versions that have learned one of the pairs, see `pair_fingerprint`; in the order of `cards`."""
    wanted = set(fingerprints)
    return [
        card.version
        for card in cards
        if isinstance(card, ModelCard) and not wanted.isdisjoint(card.tuning.get(LEARNED_PAIRS, ()))
    ]
