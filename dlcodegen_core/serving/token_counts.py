"""How many tokens a version makes of a text: a sequence model of its tokenizer, DeepCodeNet of what it predicts.

And how probable each token of a completion was to a sequence model, for the protocols that tell it.
"""

import math
from typing import TYPE_CHECKING, Any

from dlcodegen_core.errors import RequestError
from dlcodegen_core.features.code_tokens import is_blank, split_tokens
from dlcodegen_core.features.pipeline import compose
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.serving.wire.counting import TokenProbability

if TYPE_CHECKING:
    from dlcodegen_core.models.sequence.sequence_model import SequenceModel
    from dlcodegen_core.service import DLCodeGen


def prompt_tokens(service: "DLCodeGen", version: str, request: PredictionRequest) -> int:
    """Of all that a request gives to read. Raises ModelError or EmbeddingError if the version cannot be loaded."""
    return count_tokens(service, version, compose(request.prompt, request.context) + request.suffix)


def count_tokens(service: "DLCodeGen", version: str, text: str) -> int:
    """Of a text, to a version. Raises ModelError or EmbeddingError if the version cannot be loaded."""
    sequence = _sequence_model(service, version)
    if sequence is not None:
        return len(sequence.tokenizer.encode(text))
    return sum(1 for token in split_tokens(text) if not is_blank(token))


def token_probabilities(
    service: "DLCodeGen", version: str, request: PredictionRequest, completion: str, most: int
) -> list[TokenProbability]:
    """Along a completion, with the `most` likeliest tokens at each place. Walks along it once more, so it takes as
    long as the completion took.

    Raises RequestError if the version is a DeepCodeNet.
    """
    from dlcodegen_core.explain.token_walk import walk_along

    sequence = _sequence_model(service, version)
    if sequence is None:
        raise RequestError("DeepCodeNet tells no probabilities of single tokens. Leave logprobs out.")
    walk = walk_along(sequence, compose(request.prompt, request.context), request.suffix, completion)
    contents = sequence.tokenizer.bytes_of
    found, done, shown = [], b"", ""
    for place, (token, typed) in enumerate(zip(walk.tokens.tolist(), walk.typed, strict=True)):
        chances = walk.probabilities[place]
        if not contents[token][typed:]:
            continue  # it only typed again what stands before the cursor
        done += contents[token][typed:]
        text = done.decode("utf-8", "ignore")
        best = sorted(range(len(chances)), key=lambda number: -chances[number])[:most] if most else []
        likeliest = {contents[number][typed:].decode("utf-8", "replace"): _log(chances[number]) for number in best}
        found.append(TokenProbability(text[len(shown) :], _log(chances[token]), likeliest))
        shown = text
    return found


def _sequence_model(service: "DLCodeGen", version: str) -> "SequenceModel | None":
    loaded: Any = service.predictor.model(version)
    return getattr(loaded, "model", None)


def _log(chance: float) -> float:
    return math.log(max(float(chance), 1e-12))
