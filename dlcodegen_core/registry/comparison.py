"""Versions side by side: what differs in how they were made, whether their figures can be compared, smoothed curves."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dlcodegen_core.models.saved_model import ModelCard

SETTINGS_APART = {"hidden_layers": "layers", "vocabulary_size": "vocabulary"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that is not the same everywhere; values by version, as text, "–" where it has none."""

    name: str
    values: Mapping[str, str]


def differences(cards: Sequence[ModelCard]) -> list[Difference]:
    """How the makings of these versions differ, and nothing that they share."""
    described = {card.version: _making(card) for card in cards}
    names = dict.fromkeys(name for making in described.values() for name in making)
    found = []
    for name in names:
        values = {version: making.get(name, "–") for version, making in described.items()}
        if len(set(values.values())) > 1:
            found.append(Difference(name, values))
    return found


def not_comparable(cards: Sequence[ModelCard]) -> str:
    """Why the held-out figures of these versions must not be set against each other; empty if they may be."""
    if len({card.config.model for card in cards}) > 1:
        return "They are different kinds of model: one guesses the next code token, the other any piece of a line."
    held_out = {(card.dataset_fingerprint, card.config.held_out, card.config.seed) for card in cards}
    if len(held_out) > 1:
        return (
            "They were measured on different held-out data, since they learned from other data or split it otherwise. "
            "Only differences on the same held-out data mean anything."
        )
    if len({card.config.vocabulary_size for card in cards if not card.is_sequence}) > 1:
        return "Their vocabularies differ, so their accuracies count different tokens as known."
    return ""


def smoothed(values: Sequence[float | None], strength: float) -> list[float | None]:
    """An exponential moving average, 0 for none to just below 1; the start is not drawn towards 0, gaps stay gaps."""
    average, weight = 0.0, 0.0
    result: list[float | None] = []
    for value in values:
        if value is None:
            result.append(None)
            continue
        average = strength * average + (1 - strength) * value
        weight = strength * weight + (1 - strength)
        result.append(average / weight)
    return result


def _making(card: ModelCard) -> dict[str, str]:
    config = asdict(card.config)
    if card.is_sequence:
        own = ("held_out", "seconds", "seed", "from_scratch", "vocabulary_size")
        config = {name: config[name] for name in ("model", *own)}
    revision = "" if card.dataset_revision is None else f", revision {card.dataset_revision}"
    return {
        "learned from": f"{card.dataset}{revision}",
        "data": card.dataset_fingerprint[:12],
        **({"fine-tuned from": card.parent} if card.parent else {}),
        **({"embedder": card.embedder_title} if card.embedder_title else {}),
        **({"code": card.code_version} if card.code_version else {}),
        **{SETTINGS_APART.get(name, name.replace("_", " ")): _shown(value) for name, value in config.items()},
    }


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
