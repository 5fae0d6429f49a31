"""From positions in tokens to lines that a person can open: of the files learned from, or of the request itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dlcodegen_core.explain.sightings import PLACES, Copied
from dlcodegen_core.explain.token_walk import Kind, TokenWalk
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.models.sequence.sequence_model import SequenceModel
from dlcodegen_core.models.sequence.source_map import MappedSource, SourceMap, newlines_of

Part = Literal["file", "context", "prompt", "suffix"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A line, counted from 1, that a token or a stretch stands on.

    part: a file that was learned from, named by `path`, or a part of the request. The prompt's lines go on into the
    completion; the suffix begins with the rest of the line that the cursor is on.
    """

    part: Part
    line: int
    path: str = ""

    @property
    def told(self) -> str:
        """Where it is, in words."""
        if self.part != "file":
            return f"line {self.line} of the {'code behind the cursor' if self.part == 'suffix' else self.part}"
        path = self.path or "a training file"
        return f"{path}:{self.line}" if self.line else path


class PlaceFinder:
    """Tells the places along one walk."""

    def __init__(self, model: SequenceModel, request: PredictionRequest, walk: TokenWalk, copied: Copied) -> None:
        self.source_map: SourceMap | None = model.source.places if isinstance(model.source, MappedSource) else None
        self._copied = copied
        self._context_lines = sum(line.count("\n") + 1 for line in request.context)
        newlines = self.source_map.newlines if self.source_map else newlines_of(model.tokenizer)
        text = np.concatenate([walk.prompt, walk.tokens])
        # How many line ends stand before each token.
        self._before = np.concatenate([[0], np.cumsum(newlines[text])])
        self._behind = np.concatenate([[0], np.cumsum(newlines[walk.suffix])])

    def places(self, kind: Kind, positions: Iterable[int]) -> tuple[Sighting, ...]:
        """The first three different ones; positions of copies of the text at hand are places of the request."""
        places: dict[Sighting, None] = {}
        for position in positions:
            sighting = self._in_request(position) if kind == "prompt" else self._in_source(position)
            if sighting:
                places[sighting] = None
            if len(places) == PLACES:
                break
        return tuple(places)

    def _in_source(self, position: int) -> Sighting | None:
        if self.source_map is None:
            return None
        place = self.source_map.at(position)
        return Sighting("file", place.line, place.path)

    def _in_request(self, position: int) -> Sighting:
        if position < self._copied.behind:
            return Sighting("suffix", int(self._behind[position]) + 1)
        line = int(self._before[position - self._copied.begins]) + 1
        if line <= self._context_lines:
            return Sighting("context", line)
        return Sighting("prompt", line - self._context_lines)
