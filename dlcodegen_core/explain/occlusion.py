"""Which words of the input mattered: leave each of them out and see how far the winning token falls.

The pieces are code tokens, or whole lines where a text has many, merged evenly so that there are never more than 48.
Each text with a piece left out is turned into features anew, all of them in one call; the embeddings are what it
costs. A word that leans on another, or stands twice, may show little, because the rest still says it.

After Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks" (https://arxiv.org/abs/1311.2901).
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlcodegen_core.explain.question import Question
from dlcodegen_core.features.code_tokens import split_tokens
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.inference.predictor import LoadedModel
from dlcodegen_core.latency import LatencyClock
from dlcodegen_core.threads import one_blas_thread

if TYPE_CHECKING:
    from dlcodegen_core.inference.sequence_answers import LoadedSequence

MAX_PIECES = 48
# Beyond so many tokens lines are left out instead, if there are enough lines to tell something.
MAX_TOKENS = 2 * MAX_PIECES
ENOUGH_LINES = 12


@dataclass(frozen=True, slots=True)
class SpanPush:
    """Characters start..end of the text. push: nats of log-probability that the token loses without them."""

    start: int
    end: int
    push: float


@dataclass(frozen=True, slots=True)
class Occlusion:
    """The spans cover `text` from its start to its end, in order.

    text: the context lines and the prompt, as the model read them; the prompt is at its end, from prompt_start on.
    token: the winning token, "" for the end. value: its log-probability. latency_ms: stage -> milliseconds.
    """

    version: str
    text: str
    prompt_start: int
    token: str
    value: float
    spans: tuple[SpanPush, ...]
    latency_ms: Mapping[str, float]


def occlude(model: "LoadedModel | LoadedSequence", request: PredictionRequest, token: str | None = None) -> Occlusion:
    """Find what each word of a request gave to the first token of DeepCodeNet's completion.

    token: that first token where it is known ("": the completion ends at once), which saves looking for it.
    Raises ModelError for a sequence model, RequestError, EmbeddingError.
    """
    question = Question.of(model, request)
    one_blas_thread()
    clock = LatencyClock()
    text = question.text
    cuts = pieces(text)
    features = question.features([text, *(without(text, start, end) for start, end in cuts)])
    clock.lap("features")
    number = question.winning_class(features[0]) if token is None else question.class_of(token)
    clock.lap("winning token")
    values = question.model.network.log_probabilities(features)[:, number].tolist()
    clock.lap("forward")
    return Occlusion(
        version=question.model.card.version,
        text=text,
        prompt_start=len(text) - len(request.prompt),
        token=question.model.vocabulary.text_of(number),
        value=values[0],
        spans=tuple(
            SpanPush(start, end, values[0] - value) for (start, end), value in zip(cuts, values[1:], strict=True)
        ),
        latency_ms=clock.milliseconds(),
    )


def pieces(text: str) -> list[tuple[int, int]]:
    """Where to cut `text`: spans (start, end) that cover it in order, at most 48."""
    tokens, lines = split_tokens(text), text.splitlines(keepends=True)
    parts = lines if len(tokens) > MAX_TOKENS and len(lines) >= ENOUGH_LINES else tokens
    return _merged(parts)


def without(text: str, start: int, end: int) -> str:
    """The text less its characters start..end; two words that would run into one are kept apart by a space."""
    # Or the dot of `door.lock` would take the blame for what both words say.
    joined = start > 0 and end < len(text) and _in_word(text[start - 1]) and _in_word(text[end])
    return text[:start] + (" " if joined else "") + text[end:]


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _merged(parts: Sequence[str]) -> list[tuple[int, int]]:
    """Spans of neighbouring parts, as many parts in each as in the others or one more."""
    starts = [0]
    for part in parts:
        starts.append(starts[-1] + len(part))
    count = min(len(parts), MAX_PIECES)
    edges = [starts[len(parts) * place // count] for place in range(count + 1)] if count else []
    return list(itertools.pairwise(edges))
