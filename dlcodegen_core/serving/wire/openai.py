"""OpenAI's completions, models and embeddings: bodies read, replies written."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.errors import RequestError
from dlcodegen_core.features.layout import EMBEDDING
from dlcodegen_core.inference.prediction import MAX_BEAMS, PredictionRequest
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.serving.wire.asking import read_drawing, read_most, read_prompt, read_stops, request_for
from dlcodegen_core.serving.wire.counting import TokenProbability, Usage
from dlcodegen_core.serving.wire.fields import Fields

DEFAULT_TOKENS = 16
MAX_PROMPTS = 128
MAX_INPUTS = 256
MAX_TOP_LOGPROBS = 5
OWNER = "dlcodegen"


@dataclass(frozen=True, slots=True)
class CompletionWish:
    """A body of /v1/completions. requests: one a prompt, None where there is nothing to go on from."""

    model: str
    prompts: tuple[str, ...]
    requests: tuple[PredictionRequest | None, ...]
    max_tokens: int
    count: int
    stream: bool
    with_usage: bool
    echo: bool
    logprobs: int | None
    user: str


def read_completion(body: dict[str, Any]) -> CompletionWish:
    """Raises RequestError, naming the field."""
    fields = Fields(body)
    prompts = _prompts(fields)
    count = fields.whole("n", 1, 1, MAX_BEAMS)
    ways = fields.whole("best_of", count, 1, MAX_BEAMS)
    if ways < count:
        raise RequestError(f"best_of is {ways}, but n is {count}. Use a best_of of at least n.")
    echo, logprobs = fields.flag("echo"), _logprobs(fields)
    if echo and logprobs is not None:
        raise RequestError("echo and logprobs are not answered together: leave one of them out.")
    fields.whole("max_tokens", DEFAULT_TOKENS, 0)
    most = read_most(fields, "max_tokens", DEFAULT_TOKENS)
    stop, drawing, suffix = read_stops(fields), read_drawing(fields), fields.text("suffix")
    requests = tuple(
        request_for(read_prompt(prompt, suffix), most, stop, drawing, ways) if most else None for prompt in prompts
    )
    return CompletionWish(
        fields.name("model"),
        prompts,
        requests,
        most,
        count,
        fields.flag("stream"),
        fields.inner("stream_options").flag("include_usage"),
        echo,
        logprobs,
        fields.name("user"),
    )


def _prompts(fields: Fields) -> tuple[str, ...]:
    prompt = fields.any("prompt")
    if prompt is None:
        raise RequestError("The body lacks prompt. Send the code before the cursor as a string.")
    if isinstance(prompt, list) and prompt and all(isinstance(one, int | list) for one in prompt):
        raise RequestError("The prompt is a list of tokens. Send text: each model here has tokens of its own.")
    prompts = fields.texts("prompt", MAX_PROMPTS)
    if not prompts:
        raise RequestError("The prompt is an empty list. Send the code before the cursor as a string.")
    return prompts


def _logprobs(fields: Fields) -> int | None:
    if fields.any("logprobs") is False or not fields.has("logprobs"):
        return None
    return fields.whole("logprobs", 0, 0, MAX_TOP_LOGPROBS)


def choice(
    index: int, text: str, reason: str | None, probabilities: Sequence[TokenProbability] | None = None
) -> dict[str, Any]:
    """One choice of a reply, or a part of it in a stream while `reason` is None."""
    told = None if probabilities is None else _told(probabilities)
    return {"text": text, "index": index, "logprobs": told, "finish_reason": reason}


def _told(probabilities: Sequence[TokenProbability]) -> dict[str, Any]:
    offsets, at = [], 0
    for token in probabilities:
        offsets.append(at)
        at += len(token.text)
    return {
        "tokens": [token.text for token in probabilities],
        "token_logprobs": [token.log_probability for token in probabilities],
        "top_logprobs": [dict(token.likeliest) for token in probabilities],
        "text_offset": offsets,
    }


def completion(
    completion_id: str, created: int, model: str, choices: Sequence[dict[str, Any]], usage: Usage | None = None
) -> dict[str, Any]:
    """A reply, or an event of a stream."""
    return {
        "id": completion_id,
        "object": "text_completion",
        "created": created,
        "model": model,
        "choices": list(choices),
        "usage": usage.to_json() if usage else None,
    }


def model(name: str, card: ModelCard, created: int) -> dict[str, Any]:
    """One entry of /v1/models. root: the version behind the name."""
    return {"id": name, "object": "model", "created": created, "owned_by": OWNER, "root": card.version}


@dataclass(frozen=True, slots=True)
class EmbeddingWish:
    """A body of /v1/embeddings."""

    model: str
    texts: tuple[str, ...]
    dimensions: int
    as_base64: bool


def read_embedding(body: dict[str, Any]) -> EmbeddingWish:
    """Raises RequestError, naming the field."""
    fields = Fields(body)
    given = fields.any("input")
    if isinstance(given, list) and given and all(isinstance(one, int | list) for one in given):
        raise RequestError("The input is a list of tokens. Send text.")
    texts = fields.texts("input", MAX_INPUTS)
    if not texts or not all(text.strip() for text in texts):
        raise RequestError("The input is empty, or a text of it is. Send at least one character in each.")
    form = fields.text("encoding_format", "float")
    if form not in ("float", "base64"):
        raise fields.wrong("encoding_format", 'Use "float" or "base64"')
    dimensions = fields.whole("dimensions", EMBEDDING.size, 1, EMBEDDING.size)
    return EmbeddingWish(fields.name("model"), texts, dimensions, form == "base64")


def embeddings(wish: EmbeddingWish, model: str, vectors: NDArray[np.float32], tokens: int) -> dict[str, Any]:
    """vectors: unit length, (texts, 384). Fewer dimensions are the first ones, brought to unit length again."""
    cut = vectors[:, : wish.dimensions]
    cut = cut / np.maximum(np.linalg.norm(cut, axis=1, keepdims=True), 1e-12)
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(row) if wish.as_base64 else row.tolist()}
        for index, row in enumerate(cut.astype("<f4"))
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": model, "usage": usage}


def _packed(vector: NDArray[np.float32]) -> str:
    return base64.b64encode(vector.tobytes()).decode("ascii")


def error(status: int, sentence: str) -> dict[str, Any]:
    """The body that tells of an error."""
    kind = "server_error" if status >= 500 else "not_found_error" if status == 404 else "invalid_request_error"
    code = "model_not_found" if status == 404 else None
    return {"error": {"message": sentence, "type": kind, "param": None, "code": code}}
