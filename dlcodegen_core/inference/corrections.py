"""What people taught, put before what a model says.

Done after the prediction cache, so that the cache never holds a taught text: it goes the moment it is forgotten.
"""

from collections.abc import Sequence
from dataclasses import replace

from dlcodegen_core.features.code_tokens import is_blank, split_tokens
from dlcodegen_core.features.pipeline import compose
from dlcodegen_core.feedback.memory import CorrectionMemory, Taught
from dlcodegen_core.inference.prediction import Candidate, Prediction, PredictionRequest
from dlcodegen_core.latency import LatencyClock

STAGE = "corrections"


def overlay(prediction: Prediction, request: PredictionRequest, memory: CorrectionMemory) -> Prediction:
    """The prediction with the taught text as its first candidate, if one was taught for this prompt.

    The model's own candidates follow, but for one that says the same. The time that the search took is a stage of its
    own. A taught text that is less sure than the request asks for changes nothing.
    """
    clock = LatencyClock()
    taught = memory.find(compose(request.prompt, request.context))
    text = within_limits(taught, request) if taught else ""
    if taught and text and taught.confidence >= request.min_confidence:
        first = Candidate(text, taught.confidence, tuple(split_tokens(text)))
        others = (candidate for candidate in prediction.candidates if candidate.text != text)
        prediction = replace(
            prediction,
            completion=text,
            confidence=first.confidence,
            candidates=(first, *others),
            abstained=False,
            taught_by=taught.lesson.row_id,
        )
    clock.lap(STAGE)
    return replace(prediction, latency_ms={**prediction.latency_ms, **clock.milliseconds()})


def within_limits(taught: Taught, request: PredictionRequest) -> str:
    """As much of a taught text as was asked for; empty if nothing of it was.

    It ends before a stop string, and before whole lines that already stand behind the cursor. max_tokens counts
    visible code tokens here; it does not shorten what was taught for exactly this prompt, since a person said that all
    of it belongs there.
    """
    text = _before_stop(taught.text, request.stop)
    text = _before_suffix(text, request.suffix)
    return text if taught.exact else _leading_tokens(text, request.max_tokens)


def _before_stop(text: str, stop: Sequence[str]) -> str:
    ends = [place for mark in stop if (place := text.find(mark)) >= 0]
    return text[: min(ends)] if ends else text


def _before_suffix(text: str, suffix: str) -> str:
    """The text without the whole lines at its end that the suffix begins with."""
    lines = suffix.split("\n")[1:] if suffix.startswith("\n") else []
    for count in range(min(len(lines), text.count("\n")), 0, -1):
        again = "\n" + "\n".join(lines[:count])
        if again.strip() and text.rstrip().endswith(again.rstrip()):
            return text[: text.rindex(again.rstrip())]
    return text


def _leading_tokens(text: str, most: int) -> str:
    kept: list[str] = []
    visible = 0
    for token in split_tokens(text):
        if not is_blank(token):
            visible += 1
            if visible > most:
                while kept and is_blank(kept[-1]):
                    kept.pop()
                break
        kept.append(token)
    return "".join(kept)
