"""Where each token of a sequence model's completion came from: which predictor gave it, and where that one saw it.

Computed when it is asked for, by walking along the completion once more; the prediction itself is not slowed down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dlcodegen_core.errors import ModelError, RequestError
from dlcodegen_core.explain.places import PlaceFinder, Sighting
from dlcodegen_core.explain.sightings import NONE, EvidenceFinder, Sightings
from dlcodegen_core.explain.token_walk import KINDS, Kind, TokenWalk, walk_along
from dlcodegen_core.explain.verbatim import longest_stretch
from dlcodegen_core.features.pipeline import compose
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.inference.predictor import LoadedModel
from dlcodegen_core.models import base_model

if TYPE_CHECKING:
    from dlcodegen_core.inference.sequence_answers import LoadedSequence

NEXT_TOKENS = 10
BEFORE_VERBATIM = 32  # tokens of the prompt that a stretch found elsewhere may begin with
# From here on a stretch is told to be taken over word for word. Shorter ones are what any two programs share, such as
# `if __name__ == "__main__":`; of 1,200 windows of 60 and 200 characters of two other projects, one held so much of
# Django's source. Both limits, since a long name is few tokens and a row of brackets few characters.
VERBATIM_CHARACTERS, VERBATIM_TOKENS = 40, 10


@dataclass(frozen=True, slots=True)
class TokenProvenance:
    """One token. text: what it adds to the completion, from character `start` on; the texts of all are the completion.

    typed: what the prompt had of the token already. probability: among all tokens that fit that. shares: what each
    kind of predictor gave of the probability, adding up to 1. kind: the one that gave most. match: how many tokens
    before it that one saw alike, 12 being the most that is looked at, 0 where nothing is looked up. places: up to
    three where it saw the token after these.
    """

    text: str
    start: int
    typed: str
    probability: float
    shares: Mapping[Kind, float]
    kind: Kind
    match: int
    places: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class NextToken:
    """A token that could come next, whole, with what was typed of it. ends: whether the completion would end before
    it, as a stop string or the end of the file."""

    text: str
    probability: float
    ends: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What could have come at one place of the completion, the likeliest first; the last step is behind its end.

    start: the place, in characters. chosen: which of the candidates was taken, None if it is none of these.
    """

    start: int
    candidates: tuple[NextToken, ...]
    chosen: int | None


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens in a row that one kind of predictor gave, and from one place, if it saw them anywhere: characters
    start..end of the completion. places: where the first of them that can be seen stands."""

    start: int
    end: int
    text: str
    kind: Kind
    tokens: int
    places: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """The longest stretch of the completion that stands word for word in the training source: characters start..end.

    before: what precedes it in the prompt and stands there too. text: of both. tokens, characters: of the completion.
    places: up to three; files: how many files hold it, None if files are not known. sightings: how often it stands
    there. is_verbatim: whether it is long enough to be called taken over.
    """

    start: int
    end: int
    before: str
    text: str
    tokens: int
    characters: int
    places: tuple[Sighting, ...]
    files: int | None
    sightings: int
    is_verbatim: bool

    @property
    def warning(self) -> str:
        """What to tell a person who might ship it; empty if it is not long enough to be called taken over."""
        if not self.is_verbatim:
            return ""
        where = self.places[0].told if self.places else "the training source"
        files = f" It stands in {self.files:,} files." if self.files and self.files > 1 else ""
        return (
            f"{self.characters} characters of this stand word for word in {where}.{files} Think of its licence "
            "before you ship it, if that file is not yours."
        )


@dataclass(frozen=True, slots=True)
class CompletionProvenance:
    """steps: one a token, and one behind the last. verbatim: None if nothing of it was counted.

    files_known: whether the version knows the files that it learned from. note: what to tell a person if not, else
    empty.
    """

    version: str
    completion: str
    tokens: tuple[TokenProvenance, ...]
    spans: tuple[Span, ...]
    steps: tuple[Step, ...]
    verbatim: Verbatim | None
    files_known: bool
    note: str

    @property
    def shares(self) -> dict[Kind, float]:
        """What each kind of predictor gave to the whole completion: the shares of its tokens by their characters."""
        weights = [len(token.text) for token in self.tokens]
        total = sum(weights) or 1
        return {
            kind: sum(weight * token.shares[kind] for weight, token in zip(weights, self.tokens, strict=True)) / total
            for kind in KINDS
        }


def explain_completion(
    loaded: "LoadedSequence | LoadedModel", request: PredictionRequest, completion: str
) -> CompletionProvenance:
    """Tell where each token of `completion`, an answer to `request`, came from.

    Raises ModelError for a version that is no sequence model, RequestError for a completion that cannot be walked.
    """
    if isinstance(loaded, LoadedModel):
        raise ModelError(
            f"Model {loaded.card.version} is a DeepCodeNet: it keeps nothing of the code it learned from, so it cannot "
            "say where a token came from. Choose a version that was trained as a sequence model."
        )
    if any("\ud800" <= character <= "\udfff" for character in completion):
        raise RequestError("The completion holds half of a character (a lone surrogate). Send valid Unicode.")
    walk = walk_along(loaded.model, compose(request.prompt, request.context), request.suffix, completion)
    return _Telling(loaded, request, completion, walk).tell()


class _Telling:
    """Puts what the walk found into words and places."""

    def __init__(self, loaded: "LoadedSequence", request: PredictionRequest, completion: str, walk: TokenWalk) -> None:
        self._version = loaded.card.version
        self._model = loaded.model
        self._request = request
        self._completion = completion
        self._walk = walk
        self._bytes_of = loaded.model.tokenizer.bytes_of
        self._finder = EvidenceFinder(loaded.model.source, walk)
        self._places = PlaceFinder(loaded.model, request, walk, self._finder.copied)
        self._starts = self._characters()
        # Tokens that the prompt holds whole are walked along, and are not the completion's.
        self._first = next((n for n, token in enumerate(walk.tokens) if walk.typed[n] < self._size(token)), len(walk))

    def tell(self) -> CompletionProvenance:
        numbers = range(self._first, len(self._walk))
        kinds = [KINDS[place] for place in self._walk.shares.argmax(axis=1).tolist()]
        found = [NONE] * len(self._walk)
        for number in numbers:
            before = found[number - 1] if number and kinds[number - 1] == kinds[number] else NONE
            found[number] = self._finder.find(number, kinds[number], before)
        return CompletionProvenance(
            version=self._version,
            completion=self._completion,
            tokens=tuple(self._token(number, kinds[number], found[number]) for number in numbers),
            spans=tuple(self._spans(kinds, found)),
            steps=tuple(self._step(number) for number in range(self._first, len(self._walk) + 1)),
            verbatim=self._verbatim(),
            files_known=self._places.source_map is not None,
            note=self._note(),
        )

    def _token(self, number: int, kind: Kind, found: Sightings) -> TokenProvenance:
        token = int(self._walk.tokens[number])
        return TokenProvenance(
            text=self._text(number, number + 1),
            start=self._starts[number],
            typed=self._bytes_of[token][: self._walk.typed[number]].decode("utf-8", "ignore"),
            probability=float(self._walk.probabilities[number, token]),
            shares=dict(zip(KINDS, self._walk.shares[number].tolist(), strict=True)),
            kind=kind,
            match=found.match,
            places=self._places.places(kind, found.positions),
        )

    def _step(self, number: int) -> Step:
        chances = self._walk.probabilities[number]
        ends = self._model.tokenizer.ending([stop.encode() for stop in self._request.stop])
        best = np.argpartition(-chances, NEXT_TOKENS)[:NEXT_TOKENS]
        best = best[np.lexsort((best, -chances[best]))]
        best = best[chances[best] > 0]
        token = int(self._walk.tokens[number]) if number < len(self._walk) else None
        return Step(
            self._starts[number],
            tuple(
                NextToken(self._bytes_of[n].decode("utf-8", "replace"), float(chances[n]), bool(ends[n]))
                for n in best.tolist()
            ),
            best.tolist().index(token) if token in best.tolist() else None,
        )

    def _spans(self, kinds: Sequence[Kind], found: Sequence[Sightings]) -> list[Span]:
        spans = []
        start = self._first
        while start < len(self._walk):
            kind, places, end = kinds[start], found[start].positions, start + 1
            while end < len(self._walk) and kinds[end] == kind:
                going_on = tuple(place for place in places if place + end - start in found[end].positions)
                if bool(going_on) != bool(places or found[end].positions):
                    break
                places, end = going_on, end + 1
            seen = next((n for n in range(start, end) if self._text(n, n + 1).strip()), start)
            told = self._places.places(kind, tuple(place + seen - start for place in places))
            spans.append(Span(self._starts[start], self._starts[end], self._text(start, end), kind, end - start, told))
            start = end
        return spans

    def _verbatim(self) -> Verbatim | None:
        walk, first = self._walk, self._first
        before = np.concatenate([walk.prompt, walk.tokens[:first]])[-BEFORE_VERBATIM:]
        sizes = np.array([end - start for start, end in pairwise(self._starts[first:])], np.int64)
        stretch = longest_stretch(self._model.source, before, walk.tokens[first:], sizes)
        if stretch is None:
            return None
        start, end = first + stretch.start, first + stretch.end
        preceding = self._model.tokenizer.decode(before[len(before) - stretch.before :]) if stretch.before else ""
        if stretch.start == 0:
            typed = self._bytes_of[int(walk.tokens[first])][: walk.typed[first]]
            preceding += typed.decode("utf-8", "ignore")
        text, known = self._text(start, end), self._places.source_map
        seen = next((n for n in range(start, end) if self._text(n, n + 1).strip()), start)
        # Indentation is no text that anybody would claim.
        long = len(" ".join(text.split())) >= VERBATIM_CHARACTERS and end - start >= VERBATIM_TOKENS
        return Verbatim(
            start=self._starts[start],
            end=self._starts[end],
            before=preceding,
            text=preceding + text,
            tokens=end - start,
            characters=len(text),
            places=self._places.places("counts", (stretch.positions + seen - start).tolist()),
            files=len(np.unique(known.files_of(stretch.positions))) if known else None,
            sightings=len(stretch.positions),
            is_verbatim=long,
        )

    def _characters(self) -> list[int]:
        """Where each token begins in the completion, and where the last one ends; one that ends within a character
        leaves that character to the next."""
        starts, done = [0], b""
        for number, token in enumerate(self._walk.tokens.tolist()):
            done += self._bytes_of[token][self._walk.typed[number] :]
            starts.append(len(done.decode("utf-8", "ignore")))
        return starts

    def _text(self, start: int, end: int) -> str:
        return self._completion[self._starts[start] : self._starts[end]]

    def _size(self, token: int) -> int:
        return len(self._bytes_of[int(token)])

    def _note(self) -> str:
        if self._places.source_map is not None:
            return ""
        if self._version == base_model.NAME:
            return (
                "The base model keeps nothing of the code it learned from, so it knows none of its files. "
                "Train a version on your own code to see where its completions come from."
            )
        return (
            f"Model {self._version} was saved before files were remembered, so places in its source are not known. "
            "Train it again to see them."
        )
