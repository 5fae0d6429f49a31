"""Tabby's completions and events: bodies read, replies written."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dlcodegen_core.errors import RequestError
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.serving.wire.asking import PARAGRAPH, language_of, read_drawing, request_for, shortened
from dlcodegen_core.serving.wire.fields import Fields
from dlcodegen_core.serving.wire.fill_in import Gap

MAX_TOKENS = 64
MAX_SNIPPETS = 64
# From the least telling to the most: what is nearest to the prompt counts most.
_SNIPPETS = ("relevant_snippets_from_recently_opened_files", "relevant_snippets_from_changed_files", "declarations")

VIEW, SELECT, DISMISS = "view", "select", "dismiss"
EVENTS = (VIEW, SELECT, DISMISS)


@dataclass(frozen=True, slots=True)
class SegmentsWish:
    """A body of /v1/completions with segments. request: None where there is nothing to go on from."""

    request: PredictionRequest | None
    user: str


def read_segments(body: dict[str, Any]) -> SegmentsWish:
    """Raises RequestError, naming the field."""
    fields = Fields(body)
    if not fields.has("segments"):
        raise RequestError("The body lacks segments. Send the code before the cursor as segments.prefix.")
    segments = fields.inner("segments")
    others = [
        snippet.text("body") for name in _SNIPPETS for snippet in reversed(segments.list_of_objects(name, MAX_SNIPPETS))
    ]
    gap, _cut = shortened(Gap(segments.text("prefix"), segments.text("suffix"), tuple(others)))
    request = request_for(
        gap, MAX_TOKENS, PARAGRAPH, read_drawing(fields), language=language_of(fields.text("language"))
    )
    return SegmentsWish(request, fields.name("user"))


def completion(completion_id: str, texts: Sequence[str]) -> dict[str, Any]:
    return {"id": completion_id, "choices": [{"index": index, "text": text} for index, text in enumerate(texts)]}


@dataclass(frozen=True, slots=True)
class Told:
    """A body of /v1/events: what a person did with a choice. line_only: only its first line was taken."""

    kind: str
    completion_id: str
    choice: int
    line_only: bool


def read_event(body: dict[str, Any], select_kind: str | None) -> Told:
    """select_kind: of the query. Raises RequestError, naming the field."""
    fields = Fields(body)
    kind = fields.text("type")
    if kind not in EVENTS:
        raise fields.wrong("type", f"Use one of: {', '.join(EVENTS)}")
    if not (completion_id := fields.name("completion_id")):
        raise RequestError("The body lacks completion_id. Send the id that the completion came with.")
    line_only = "line" in (select_kind, fields.any("select_kind"))
    return Told(kind, completion_id, fields.whole("choice_index", 0, 0), line_only)


def first_line(text: str) -> str:
    """The text up to the end of the first line that shows something."""
    begun = len(text) - len(text.lstrip())
    end = text.find("\n", begun)
    return text if end < 0 else text[:end]


def health(model: str, program: str) -> dict[str, Any]:
    """What a Tabby client asks before it completes. program: our version."""
    return {
        "model": model,
        "device": "cpu",
        "arch": platform.machine(),
        "cpu_info": platform.processor() or platform.machine(),
        "cpu_count": os.cpu_count() or 1,
        "cuda_devices": [],
        "version": {"build_date": "", "build_timestamp": "", "git_sha": "", "git_describe": f"dlcodegen {program}"},
    }


SETTING = {"disable_client_side_telemetry": True}
