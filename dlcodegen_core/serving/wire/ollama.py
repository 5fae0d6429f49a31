"""Ollama's generate, embed and listings: bodies read, replies written. Durations are nanoseconds there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.errors import RequestError
from dlcodegen_core.features.layout import EMBEDDING
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.serving.wire.asking import (
    read_drawing,
    read_most,
    read_prompt,
    read_stops,
    request_for,
    shortened,
)
from dlcodegen_core.serving.wire.counting import Spent
from dlcodegen_core.serving.wire.fields import Fields
from dlcodegen_core.serving.wire.llama_cpp import CONTEXT_TOKENS

# The version of Ollama whose protocol is spoken here: clients ask for it to know what they may send.
PROTOCOL_VERSION = "0.9.3"
DEFAULT_TOKENS = 128
MAX_INPUTS = 256
FAMILY = "dlcodegen"
# That a template has a suffix tells clients that the model fills gaps.
TEMPLATE = "{{ .Prompt }}{{ if .Suffix }}<fim_suffix>{{ .Suffix }}<fim_middle>{{ end }}"
NANOSECONDS = 1_000_000  # in a millisecond
NO_TIME = Spent(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class GenerateWish:
    """A body of /api/generate. request: None where nothing is to be written: then the model is only got ready.
    loading: whether just that was asked for."""

    model: str
    request: PredictionRequest | None
    stream: bool
    loading: bool


def read_generate(body: dict[str, Any]) -> GenerateWish:
    """Raises RequestError, naming the field."""
    fields = Fields(body)
    options = fields.inner("options")
    prompt, suffix = fields.text("prompt"), fields.text("suffix")
    most = read_most(options, "num_predict", DEFAULT_TOKENS)
    gap, _cut = shortened(read_prompt(prompt, suffix))
    drawing, stops = read_drawing(options), read_stops(options)
    request = request_for(gap, most, stops, drawing) if most else None
    return GenerateWish(read_model(fields), request, fields.flag("stream", True), not prompt and not suffix)


def read_model(fields: Fields) -> str:
    """The model's name; older clients call the field `name`."""
    name = fields.name("model") or fields.name("name")
    if not name:
        raise RequestError("The body lacks model. Send dlcodegen, or the name of a version.")
    return name


@dataclass(frozen=True, slots=True)
class EmbedWish:
    """A body of /api/embed or /api/embeddings."""

    model: str
    texts: tuple[str, ...]
    dimensions: int


def read_embed(body: dict[str, Any], field: str) -> EmbedWish:
    """field: what the texts stand in, `input` or, of /api/embeddings, `prompt`. Raises RequestError."""
    fields = Fields(body)
    texts = fields.texts(field, MAX_INPUTS)
    if fields.any(field) == "":
        texts = ()  # as Ollama has it: no text, no vector; but an empty text among others has one
    return EmbedWish(read_model(fields), texts, fields.whole("dimensions", EMBEDDING.size, 1, EMBEDDING.size))


def part(name: str, text: str, now: datetime) -> dict[str, Any]:
    """A part of a stream."""
    return {"model": name, "created_at": moment(now), "response": text, "done": False}


@dataclass(frozen=True, slots=True)
class Done:
    """How a completion ended. total_ms: from the request's arrival on. spent: of the computation alone."""

    reason: str
    total_ms: float = 0.0
    spent: Spent = NO_TIME
    prompt_tokens: int = 0
    written_tokens: int = 0


def reply(name: str, text: str, now: datetime, done: Done, version: str) -> dict[str, Any]:
    """The whole reply, or the last line of a stream. version: the one that answered, which Ollama does not tell."""
    return {
        "model": name,
        "created_at": moment(now),
        "response": text,
        "done": True,
        "done_reason": done.reason,
        "total_duration": _nanoseconds(done.total_ms),
        "load_duration": _nanoseconds(done.spent.load_ms),
        "prompt_eval_count": done.prompt_tokens,
        "prompt_eval_duration": _nanoseconds(done.spent.reading_ms),
        "eval_count": done.written_tokens,
        "eval_duration": _nanoseconds(done.spent.writing_ms),
        "version": version,
    }


def embedded(name: str, vectors: NDArray[np.float32], total_ms: float, tokens: int) -> dict[str, Any]:
    return {
        "model": name,
        "embeddings": vectors.tolist(),
        "total_duration": _nanoseconds(total_ms),
        "load_duration": 0,
        "prompt_eval_count": tokens,
    }


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as it is listed. version: the one behind its name. digest: names its content. fills_gaps: whether it
    looks at a suffix.
    """

    name: str
    version: str
    title: str
    size_bytes: int
    modified: datetime
    digest: str
    fills_gaps: bool

    @classmethod
    def of(cls, name: str, card: ModelCard, size_bytes: int, digest: str) -> "Listed":
        title = "sequence model" if card.is_sequence else "DeepCodeNet"
        modified = datetime.fromisoformat(card.created_at)
        return cls(f"{name}:latest", card.version, title, size_bytes, modified, digest, card.is_sequence)

    @property
    def details(self) -> dict[str, Any]:
        return {
            "parent_model": "",
            "format": "safetensors",
            "family": FAMILY,
            "families": [FAMILY],
            "parameter_size": "",
            "quantization_level": "",
        }

    def to_json(self) -> dict[str, Any]:
        """As /api/tags has it."""
        return {"modified_at": moment(self.modified), **self._identity()}

    def running(self, until: datetime) -> dict[str, Any]:
        """As /api/ps has it: in memory, none of it a graphics card's."""
        return {
            **self._identity(),
            "size_vram": 0,
            "expires_at": moment(until),
            "context_length": CONTEXT_TOKENS,
        }

    def shown(self) -> dict[str, Any]:
        """As /api/show has it."""
        return {
            "license": "",
            "modelfile": "",
            "parameters": f"num_ctx {CONTEXT_TOKENS}",
            "template": TEMPLATE if self.fills_gaps else "{{ .Prompt }}",
            "details": self.details,
            "model_info": {
                "general.architecture": FAMILY,
                "general.basename": self.title,
                f"{FAMILY}.context_length": CONTEXT_TOKENS,
            },
            "capabilities": ["completion", *(["insert"] if self.fills_gaps else [])],
            "modified_at": moment(self.modified),
        }

    def _identity(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "model": self.name,
            "size": self.size_bytes,
            "digest": self.digest,
            "details": self.details,
        }


def listing(models: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"models": list(models)}


def error(_status: int, sentence: str) -> dict[str, Any]:
    """The body that tells of an error."""
    return {"error": sentence}


def moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _nanoseconds(milliseconds: float) -> int:
    return round(milliseconds * NANOSECONDS)
