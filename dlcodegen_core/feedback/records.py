"""What a person or a program says about a completion, and what is kept of it: plain values, no database in them."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dlcodegen_core.errors import RequestError
from dlcodegen_core.features.pipeline import compose
from dlcodegen_core.features.request_text import MAX_TEXT_CHARACTERS, check_request_text

ACCEPTED, EDITED, REJECTED = "accepted", "edited", "rejected"
OUTCOMES = (ACCEPTED, EDITED, REJECTED)
PAGE, HTTP = "page", "http"
SOURCES = (PAGE, HTTP)
MAX_NAME_CHARACTERS = 200
MAX_LATENCY_MS = 86_400_000.0
MAX_ID = 2**31  # what the database's whole numbers hold


@dataclass(frozen=True, slots=True)
class Feedback:
    """A completion was shown for a prompt, and this became of it. Raises RequestError if it cannot be kept.

    completion: as it was shown, empty if nothing was. correction: what was put in its place, of an edit only; an edit
    that changes nothing counts as accepted. version: of the model that answered; arm: of an experiment. taught_by:
    the row that the answer came from if it was a taught one, which says nothing about the version.
    """

    outcome: str
    prompt: str
    completion: str
    version: str
    correction: str = ""
    context: tuple[str, ...] = ()
    arm: str = ""
    user: str = ""
    latency_ms: float | None = None
    source: str = PAGE
    taught_by: int | None = None

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise RequestError(f"The outcome is {self.outcome!r}. Use one of: {', '.join(OUTCOMES)}.")
        if self.source not in SOURCES:
            raise RequestError(f"The source is {self.source!r}. Use one of: {', '.join(SOURCES)}.")
        if isinstance(self.context, str) or not isinstance(self.context, Sequence):
            raise RequestError(f"context is {type(self.context).__name__}. Give a list of strings.")
        object.__setattr__(self, "context", tuple(self.context))
        for what, text in (
            ("The prompt", self.prompt),
            ("The completion", self.completion),
            ("The correction", self.correction),
            *(("A context line", line) for line in self.context),
        ):
            check_request_text(what, text, "Send only the code around the cursor.")
            if "\0" in text:
                raise RequestError(f"{what} holds a NUL character, so it is no code. Leave it out.")
        for what, name in (("version", self.version), ("arm", self.arm), ("user", self.user)):
            _check_name(what, name)
        _check_numbers(self.latency_ms, self.taught_by)
        self._check_outcome()

    def _check_outcome(self) -> None:
        if not compose(self.prompt, self.context).strip():
            raise RequestError("The prompt is empty. Send the code that was to be completed.")
        if not self.version:
            raise RequestError("The version is empty. Send the version that answered, as the prediction named it.")
        if self.outcome != EDITED and self.correction:
            raise RequestError(f"There is a correction, but the outcome is {self.outcome}. Send it as {EDITED}.")
        if self.outcome == EDITED and not self.correction.strip():
            raise RequestError("The correction is empty. Send the text that should stand there, or reject.")
        if self.outcome == ACCEPTED and not self.completion.strip():
            raise RequestError("The completion is empty, so there is nothing to accept.")
        if self.outcome == EDITED and self.correction == self.completion:
            object.__setattr__(self, "outcome", ACCEPTED)
            object.__setattr__(self, "correction", "")

    @property
    def text(self) -> str:
        """All that stood before the cursor, as far as a pair may hold it."""
        return taught_prompt(self.prompt, self.context)

    @property
    def kept(self) -> str:
        """What stands there now, as far as was told: the completion or its correction; empty if it was rejected."""
        return kept_text(self.outcome, self.completion, self.correction)


@dataclass(frozen=True, slots=True)
class FeedbackEvent:
    """One feedback as it is kept. at: UTC. Forgotten ones have empty texts and keep their figures.

    similarity: of the completion to what was kept, 0..1, None if nothing was. retention: the share of what was kept
    that was still there `retention_seconds` later, None until somebody told. position: of its pair in the dataset
    `dataset_id`, None if it has none.
    """

    id: int
    at: datetime
    outcome: str
    prompt: str
    context: tuple[str, ...]
    completion: str
    correction: str
    version: str
    arm: str
    user: str
    latency_ms: float | None
    source: str
    taught_by: int | None
    similarity: float | None
    retention: float | None
    retention_seconds: float | None
    dataset_id: int | None
    position: float | None
    forgotten: bool

    @property
    def text(self) -> str:
        """All that stood before the cursor, as far as a pair may hold it."""
        return taught_prompt(self.prompt, self.context)

    @property
    def kept(self) -> str:
        """As `Feedback.kept`."""
        return kept_text(self.outcome, self.completion, self.correction)

    def without_texts(self) -> "FeedbackEvent":
        """As it is once it is forgotten."""
        return replace(self, prompt="", context=(), completion="", correction="", forgotten=True)


def taught_prompt(prompt: str, context: Sequence[str]) -> str:
    """The prompt of a taught pair: context and prompt as a model reads them, the end of them if they are long."""
    return compose(prompt, context)[-MAX_TEXT_CHARACTERS:]


def kept_text(outcome: str, completion: str, correction: str) -> str:
    return {ACCEPTED: completion, EDITED: correction}.get(outcome, "")


def pair_fingerprint(prompt: str, target: str) -> str:
    """What a fine-tuned version notes of a pair it has learned: it tells the pair again, but not its texts."""
    return hashlib.sha256(f"{prompt}\0{target}".encode()).hexdigest()


def _check_name(what: str, name: object) -> None:
    if not isinstance(name, str):
        raise RequestError(f"{what} is {type(name).__name__}, not text.")
    if len(name) > MAX_NAME_CHARACTERS or (name and not name.isprintable()):
        raise RequestError(f"{what} is no name. Use at most {MAX_NAME_CHARACTERS} printable characters.")


def _check_numbers(latency_ms: object, taught_by: object) -> None:
    if latency_ms is not None and (
        isinstance(latency_ms, bool)
        or not isinstance(latency_ms, int | float)
        or not math.isfinite(latency_ms)
        or not 0 <= latency_ms <= MAX_LATENCY_MS
    ):
        raise RequestError(f"latency_ms is {latency_ms!r}. Use milliseconds from 0 to {MAX_LATENCY_MS:,.0f}.")
    if taught_by is not None and (
        isinstance(taught_by, bool) or not isinstance(taught_by, int) or not 1 <= taught_by < MAX_ID
    ):
        raise RequestError(f"taught_by is {taught_by!r}. Send it as the prediction had it, or leave it out.")
