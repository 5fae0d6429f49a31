"""Why the version answered as it did, as a story keeps it: a few words and numbers of what `explain` finds."""

import math
from collections.abc import Callable, Sequence

from dlcodegen_core.errors import EmbeddingError, RequestError, RetrievalError, StorageError
from dlcodegen_core.explain.feature_explanation import explain_features
from dlcodegen_core.explain.places import Sighting
from dlcodegen_core.explain.provenance import CompletionProvenance, Verbatim, explain_completion
from dlcodegen_core.inference.prediction import Prediction, PredictionRequest
from dlcodegen_core.inference.predictor import LoadedModel
from dlcodegen_core.inference.sequence_answers import LoadedSequence
from dlcodegen_core.models.training_features import TrainingFeatures
from dlcodegen_core.retrieval.records import Neighbour
from dlcodegen_core.story.prompts import place_of
from dlcodegen_core.story.story import Explained, NearPair, Origin, OriginToken, Push, Repeated

Nearest = Callable[[str, int], Sequence[Neighbour]]

STRONGEST = 8
NEAR, NEAR_ASKED = 3, 24  # more are asked for than shown, since held-out pairs stand in the index too
NEAR_CHARACTERS = 400


def explain_line(model: LoadedSequence, request: PredictionRequest, completion: str) -> Explained:
    """Where each piece of a line came from."""
    if not completion:
        return Explained(note="It offered nothing here, so there is nothing to explain.")
    try:
        found = explain_completion(model, request, completion)
    except RequestError as exc:
        return Explained(note=str(exc))
    return Explained(
        origins=tuple(Origin(span.text, span.kind, tuple(map(_place, span.places))) for span in found.spans),
        tokens=_tokens(found),
        repeated=_repeated(found.verbatim),
        note=found.note,
    )


def explain_token(
    model: LoadedModel, answer: Prediction, request: PredictionRequest, training: TrainingFeatures | None
) -> Explained:
    """What pushed DeepCodeNet to its token. training: the spread of its training samples, if it has kept that."""
    first = answer.candidates[0].tokens[:1] if answer.candidates else ()
    found = explain_features(model, request, training, first[0] if first else "")
    return Explained(
        token=found.token,
        probability=min(1.0, math.exp(found.value)),
        baseline="the average training sample" if found.baseline == "training mean" else "a prompt of only zeros",
        baseline_probability=min(1.0, math.exp(found.baseline_value)),
        groups=tuple(Push(group.title, group.shapley) for group in found.groups),
        dimensions=tuple(Push(row.name, row.push, row.value) for row in found.strongest(STRONGEST)),
    )


def near_pairs(nearest: Nearest, prompt: str, held_out: frozenset[str]) -> tuple[tuple[NearPair, ...], str]:
    """The learned pairs whose prompts are most like this one, and why there are none."""
    try:
        found = nearest(prompt, NEAR_ASKED)
    except (RetrievalError, EmbeddingError, StorageError) as exc:
        return (), str(exc)
    learned = [neighbour for neighbour in found if place_of(neighbour.pair) not in held_out][:NEAR]
    return tuple(_near(neighbour) for neighbour in learned), "" if learned else "No learned pair is near this prompt."


def _near(neighbour: Neighbour) -> NearPair:
    pair = neighbour.pair
    place = f"{pair.source}:{pair.line}" if pair.source and pair.line else pair.source or ""
    return NearPair(pair.prompt[-NEAR_CHARACTERS:], pair.target[:NEAR_CHARACTERS], place, neighbour.similarity)


def _tokens(found: CompletionProvenance) -> tuple[OriginToken, ...]:
    return tuple(
        OriginToken(
            token.text, min(1.0, token.probability), token.kind, min(1.0, token.shares[token.kind]), token.match
        )
        for token in found.tokens
    )


def _repeated(verbatim: Verbatim | None) -> Repeated | None:
    if verbatim is None or not verbatim.is_verbatim:
        return None
    place = _place(verbatim.places[0]) if verbatim.places else "the training source"
    return Repeated(verbatim.text, verbatim.characters, place, verbatim.files)


def _place(place: Sighting) -> str:
    """Where something was seen, in words."""
    if place.part == "file":
        return f"{place.path or 'a training file'}:{place.line}" if place.line else place.path or "a training file"
    return f"line {place.line} of the {'code behind the cursor' if place.part == 'suffix' else place.part}"
