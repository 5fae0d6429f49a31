"""From what people say about completions to the outcomes of a test."""

import hashlib
from collections.abc import Sequence

from dlcodegen_core.experiments.records import Outcome
from dlcodegen_core.feedback.records import FeedbackEvent, taught_prompt


def outcome_of(event: FeedbackEvent) -> Outcome | None:
    """The outcome that a feedback is; None if it belongs to no test, or if the answer was a taught one.

    A taught answer says nothing about the version. Raises ExperimentError if its arm names none.
    """
    if not event.arm or event.taught_by is not None:
        return None
    return Outcome(
        arm=event.arm,
        version=event.version,
        result=event.outcome,
        similarity=event.similarity,
        user=event.user,
        request=f"feedback {event.id}",
        question=question_key(event.prompt, event.context),
        kept=event.kept,
        latency_ms=event.latency_ms,
    )


def question_key(prompt: str, context: Sequence[str] = ()) -> str:
    """What tells a prompt with its context from others, for a shadow's answer to be found again."""
    asked = taught_prompt(prompt, context)
    return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()
