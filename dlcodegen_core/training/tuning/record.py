"""What is written down of a fine-tuning, in the card of the version that it made."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from dlcodegen_core.models.code_version import code_version
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.training.events import EpochEnded, TrainMetrics
from dlcodegen_core.training.tuning.decision import Figures, Verdict
from dlcodegen_core.training.tuning.lessons import Lesson


@dataclass(frozen=True, slots=True)
class Feedback:
    """The lessons, and the revision of the stored dataset that they are."""

    dataset: str
    revision: int | None
    lessons: Sequence[Lesson]


def tuned_card(
    parent: ModelCard,
    name: str,
    metrics: TrainMetrics,
    rounds: Sequence[EpochEnded],
    tuning: Mapping[str, Any],
    tokens: tuple[str, ...] = (),
) -> ModelCard:
    """The card of a fine-tuned version: its data, split and options are the parent's, the rest is its own.

    tokens: its vocabulary, if it is a DeepCodeNet.
    """
    return replace(
        parent,
        version=metrics.version,
        name=name or f"{parent.version} with feedback",
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        samples=metrics.samples,
        tokens=tokens,
        metrics=asdict(metrics),
        curves=tuple({**asdict(event), "guesses": ()} for event in rounds),
        code_version=code_version(),
        parent=parent.version,
        tuning=tuning,
        origin="",
    )


def tuning_entry(parent: ModelCard, feedback: Feedback, figures: Figures, verdict: Verdict) -> dict[str, Any]:
    """The card's `tuning`, as JSON values.

    feedback: the digests of all pairs that the weights have ever seen, those of the versions it comes from included,
    so that a person who takes one back finds every version that learned it.
    """
    own = [lesson.digest for lesson in feedback.lessons]
    return {
        "dataset": feedback.dataset,
        "revision": feedback.revision,
        "lessons": len(own),
        "feedback": sorted({*own, *parent.tuning.get("feedback", ())}),
        "figures": figures.to_json(),
        "verdict": verdict.outcome,
        "reasons": list(verdict.reasons),
    }
