"""llama.cpp's /infill and /completion, as llama.vim and llama.vscode use them: bodies read, replies written.

A completion ends as it does there: once the time is up and a line is whole, or before a line that is indented less than
was asked for. Where /infill is told no stop string, which is the editors' default, it ends with its paragraph as well:
models as small as these would go on with the same again.
"""

from dataclasses import dataclass, field
from typing import Any

from dlcodegen_core.errors import RequestError
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.serving.wire.asking import (
    PARAGRAPH,
    read_drawing,
    read_most,
    read_prompt,
    read_stops,
    request_for,
    shortened,
)
from dlcodegen_core.serving.wire.counting import rate
from dlcodegen_core.serving.wire.fields import Fields
from dlcodegen_core.serving.wire.fill_in import Gap

MAX_EXTRAS = 64
MAX_FIELDS = 64
MAX_INDENT = 1000
# What the models look back at: the tokens of the text that they copy from. Clients plan their context by it.
CONTEXT_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class InfillWish:
    """A body of /infill or /completion.

    request: None where there is nothing to go on from, or nothing is wanted: then the model is only got ready.
    predict_ms: 0 for no limit. fields: of the reply, None for all.
    """

    request: PredictionRequest | None
    model: str
    stream: bool
    indent: int
    predict_ms: float
    fields: tuple[str, ...] | None
    truncated: bool


def read_infill(body: dict[str, Any]) -> InfillWish:
    """A body of /infill: what stands on the line before the cursor comes apart from the lines before it."""
    fields = Fields(body)
    others = tuple(extra.text("text") for extra in fields.list_of_objects("input_extra", MAX_EXTRAS))
    gap = Gap(fields.text("input_prefix") + _prompt(fields), fields.text("input_suffix"), others)
    return _wish(fields, gap, read_stops(fields) or PARAGRAPH)


def read_completion(body: dict[str, Any]) -> InfillWish:
    """A body of /completion: a prompt, with or without marks of a gap."""
    fields = Fields(body)
    if not fields.has("prompt"):
        raise RequestError("The body lacks prompt. Send the code before the cursor as a string.")
    gap = read_prompt(_prompt(fields), fields.text("input_suffix"))
    whole = Gap(fields.text("input_prefix") + gap.prefix, gap.suffix, gap.others)
    return _wish(fields, whole, read_stops(fields))


def _prompt(fields: Fields) -> str:
    if fields.has("prompt") and not isinstance(fields.any("prompt"), str):
        raise fields.wrong("prompt", "Use one string; lists of prompts or tokens are not read")
    return fields.text("prompt")


def _wish(fields: Fields, gap: Gap, stops: tuple[str, ...]) -> InfillWish:
    gap, cut = shortened(gap)
    most = read_most(fields, "n_predict", -1)
    drawing = read_drawing(fields)
    return InfillWish(
        request_for(gap, most, stops, drawing) if most else None,
        fields.name("model"),
        fields.flag("stream"),
        fields.whole("n_indent", 0, 0, MAX_INDENT),
        max(0.0, fields.number("t_max_predict_ms", 0.0)),
        fields.texts("response_fields", MAX_FIELDS) if fields.has("response_fields") else None,
        cut,
    )


@dataclass(slots=True)
class Writing:
    """The text as it comes, and where it has to end.

    text: all that counts. over: whether it has ended before its time; timed_out: for want of time.
    """

    indent: int
    predict_ms: float
    text: str = ""
    over: bool = False
    timed_out: bool = False
    _shown: int = field(default=0)

    def add(self, piece: str, writing_ms: float) -> str:
        """Take in a piece that came `writing_ms` after the first one; return what may be shown now.

        Blanks at a line's beginning are held back until it is known whether the line counts.
        """
        self.text += piece
        if (end := self._end_by_indent()) is not None:
            self.text, self.over = self.text[:end], True
        elif self.predict_ms and writing_ms > self.predict_ms and "\n" in self.text:
            self.over = self.timed_out = True
        return self._show(all_of_it=self.over)

    def rest(self) -> str:
        """What was held back and counts after all."""
        return self._show(all_of_it=True)

    def _show(self, all_of_it: bool) -> str:
        line = self.text.rfind("\n") + 1
        held = self.indent and not all_of_it and line and not self.text[line:].strip()
        end = line if held else len(self.text)
        shown, self._shown = self.text[self._shown : end], max(self._shown, end)
        return shown

    def _end_by_indent(self) -> int | None:
        """Where the first line begins that is indented less than `indent`; the line of the cursor never is."""
        at = self.text.find("\n") + 1 if self.indent else 0
        while at:
            line = self.text[at:].partition("\n")[0]
            # In characters, as llama.vim counts it: a tab is one.
            if line.strip() and len(line) - len(line.lstrip()) < self.indent:
                return at
            at = self.text.find("\n", at) + 1
        return None


@dataclass(frozen=True, slots=True)
class Measured:
    """What a completion took: for having read the prompt, and for writing."""

    prompt_tokens: int
    prompt_ms: float
    predicted_ms: float
    predicted_tokens: int

    def to_json(self) -> dict[str, float]:
        return {
            "prompt_n": self.prompt_tokens,
            "prompt_ms": self.prompt_ms,
            "prompt_per_token_ms": self.prompt_ms / max(1, self.prompt_tokens),
            "prompt_per_second": rate(self.prompt_tokens, self.prompt_ms),
            "predicted_n": self.predicted_tokens,
            "predicted_ms": self.predicted_ms,
            "predicted_per_token_ms": self.predicted_ms / max(1, self.predicted_tokens),
            "predicted_per_second": rate(self.predicted_tokens, self.predicted_ms),
        }


def part(content: str, wish: InfillWish) -> dict[str, Any]:
    """A part of a stream."""
    return chosen({"index": 0, "content": content, "tokens": [], "id_slot": 0, "stop": False}, wish)


def reply(wish: InfillWish, content: str, version: str, measured: Measured, stopped_by: str) -> dict[str, Any]:
    """The whole reply, or the last part of a stream with what is left of its content.

    stopped_by: "eos" if the completion came to an end of its own, "limit" if it was ended.
    """
    request = wish.request
    settings = {
        "n_ctx": CONTEXT_TOKENS,
        "n_predict": request.max_tokens if request else 0,
        "temperature": request.temperature if request else 0.0,
        "top_k": request.top_k if request else 0,
        "top_p": request.top_p if request else 1.0,
        "seed": request.seed if request else 0,
        "stop": list(request.stop) if request else [],
        "stream": wish.stream,
    }
    whole = {
        "index": 0,
        "content": content,
        "tokens": [],
        "id_slot": 0,
        "stop": True,
        "model": version,
        "tokens_predicted": measured.predicted_tokens,
        "tokens_evaluated": measured.prompt_tokens,
        "tokens_cached": 0,
        "generation_settings": settings,
        "prompt": "",
        "has_new_line": "\n" in content,
        "truncated": wish.truncated,
        "stop_type": stopped_by,
        "stopping_word": "",
        "timings": measured.to_json(),
    }
    return chosen(whole, wish)


def chosen(whole: dict[str, Any], wish: InfillWish) -> dict[str, Any]:
    """The fields that were asked for, each under the path it was asked by: `timings/prompt_ms` is one flat key."""
    if wish.fields is None:
        return whole
    found = {}
    for path in wish.fields:
        value: Any = whole
        for name in path.split("/"):
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            found[path] = value
    return found


def props(version: str, program: str) -> dict[str, Any]:
    """What a client asks once, to plan its context."""
    return {
        "default_generation_settings": {"n_ctx": CONTEXT_TOKENS, "params": {"temperature": 0.0}},
        "total_slots": 1,
        "model_path": version,
        "model_alias": version,
        "chat_template": "",
        "modalities": {"vision": False, "audio": False},
        "build_info": f"dlcodegen {program}",
        "is_sleeping": False,
    }


def error(status: int, sentence: str) -> dict[str, Any]:
    """The body that tells of an error."""
    kinds = {400: "invalid_request_error", 404: "not_found_error", 503: "unavailable_error"}
    return {"error": {"code": status, "message": sentence, "type": kinds.get(status, "server_error")}}
