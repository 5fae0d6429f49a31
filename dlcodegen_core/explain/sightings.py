"""Where the evidence for a token stands: places in the training source, or in the text at hand, that the longest match
leads to.

Of many places those are taken at which the text goes on like the completion for longest, and those that follow the
places of the token before come first: so a stretch that was taken from one place is told as one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.explain.token_walk import Kind, TokenWalk
from dlcodegen_core.models.sequence.copying import MEMORY_TOKENS, NeighbourCopy, PromptCopy
from dlcodegen_core.models.sequence.corpus_counts import ORDERS
from dlcodegen_core.models.sequence.neighbours import STRIDE
from dlcodegen_core.models.sequence.sequence_model import SUFFIX_COPIED
from dlcodegen_core.models.sequence.suffix_array import SuffixArray
from dlcodegen_core.models.sequence.tokenizer import END_OF_FILE

PLACES = 3
LOOKED_AT = 4096  # places of a match; what is seen more often is an idiom, and any of them will do
LOOKED_AHEAD = 64  # tokens
MARKED_BY = 12  # tokens at the beginning of a passage, by which it is looked up

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sightings:
    """match: how many tokens before the token stand there alike, 0 if nothing had to match; the predictors look at 12
    at most. positions: of the token, the best first; in the source for counts and neighbours, in `Copied` for prompt.
    """

    match: int = 0
    positions: tuple[int, ...] = ()


NONE = Sightings()


@dataclass(frozen=True, slots=True, eq=False)
class Copied:
    """All that copies of the text at hand can come from: what stands behind, closed as a file, then what stands before
    with the completion. behind: how many tokens stand behind. begins: where the prompt begins, which is not after
    `behind`; what lies between is out of the predictor's sight.
    """

    tokens: Ints
    behind: int
    begins: int

    @classmethod
    def along(cls, walk: TokenWalk) -> "Copied":
        if not len(walk.suffix):
            return cls(np.concatenate([walk.prompt, walk.tokens]), 0, 0)
        behind = np.append(walk.suffix[:SUFFIX_COPIED], END_OF_FILE)
        near = walk.prompt[-(MEMORY_TOKENS - SUFFIX_COPIED) :]
        tokens = np.concatenate([behind, near, walk.tokens])
        return cls(tokens, len(behind), len(behind) + len(near) - len(walk.prompt))


class EvidenceFinder:
    """Finds the sightings along one walk."""

    def __init__(self, source: SuffixArray, walk: TokenWalk) -> None:
        self._source = source
        self._walk = walk
        self.copied = Copied.along(walk)
        self._passages = _Passages(source, walk.beams[0].neighbours[0].tokens)

    def find(self, number: int, kind: Kind, before: Sightings) -> Sightings:
        """The sightings of token `number` that speak for it by `kind`. before: those of the token before it."""
        text: NDArray[np.integer]
        if kind == "counts":
            text, (match, places) = self._source.tokens, self._counted(number)
        elif kind == "neighbours":
            text, (match, places) = self._source.tokens, self._resembling(number)
        elif kind == "prompt":
            text, (match, places) = self.copied.tokens, self._copies(number)
        else:
            return NONE
        wanted = self._walk.tokens[number : number + LOOKED_AHEAD]
        following = [place + 1 for place in before.positions if (places == place + 1).any()]
        places = places[:LOOKED_AT]
        order = np.argsort(-_alike_ahead(text, places, wanted), kind="stable")[:PLACES]
        best = dict.fromkeys([*following, *places[order].tolist()])
        return Sightings(match, tuple(best)[:PLACES])

    def _counted(self, number: int) -> tuple[int, Ints]:
        """The longest match that was counted with this token behind it, and all places of the token."""
        context = self._walk.beams[number].contexts[0]
        token = int(self._walk.tokens[number])
        found = self._source.find([*context, token], range(2, ORDERS[-1] + 2))
        if not found:
            return 0, np.zeros(0, np.int64)
        low, high = found[-1]
        places = self._source.order[low:high].astype(np.int64) - 1
        places[:LOOKED_AT].sort()
        return len(found), places

    def _copies(self, number: int) -> tuple[int, Ints]:
        """The same for the text at hand, the latest place first."""
        copy: PromptCopy = self._walk.beams[number].copies[0]
        match, places = _longest(copy, int(self._walk.tokens[number]))
        end = len(self.copied.tokens) - len(self._walk) + number
        return match, (places + end - len(copy.tokens))[::-1]

    def _resembling(self, number: int) -> tuple[int, Ints]:
        """The same for the passages that resemble the prompt, the most alike first."""
        copy: NeighbourCopy = self._walk.beams[number].neighbours[0]
        match, places = _longest(copy, int(self._walk.tokens[number]))
        return match, self._passages.positions(places)


class _Passages:
    """From places in the passages, which lie one behind the other, to positions in the source."""

    def __init__(self, source: SuffixArray, passages: Ints) -> None:
        self._source = source
        self._tokens = passages
        self._ends = np.flatnonzero(passages < 0)
        self._begins: dict[int, int] = {}

    def positions(self, places: Ints) -> Ints:
        passage = np.searchsorted(self._ends, places)
        starts = np.concatenate([[0], self._ends + 1])[passage]
        begins = np.array([self._begin(number) for number in passage.tolist()], np.int64)
        return begins + places - starts

    def _begin(self, number: int) -> int:
        """Where a passage stands in the source: the first place that such passages begin at and that holds it."""
        if number not in self._begins:
            start = 0 if number == 0 else int(self._ends[number - 1]) + 1
            passage = self._tokens[start : self._ends[number]]
            mark = passage[:MARKED_BY]
            low, high = self._source.find(mark.tolist(), [len(mark)])[0]
            begins = self._source.order[low:high].astype(np.int64) - len(mark)
            begins = np.sort(begins[begins % STRIDE == 0])
            alike = _alike_ahead(self._source.tokens, begins, passage)
            self._begins[number] = int(begins[int(alike.argmax())])
        return self._begins[number]


def _longest(copy: PromptCopy | NeighbourCopy, token: int) -> tuple[int, Ints]:
    """The longest match with the end of the text that this token follows, and the places of the token."""
    lengths = np.where(copy.tokens == token, copy.lengths, 0)
    match = int(lengths.max(initial=0))
    return match, np.flatnonzero(lengths == match) if match else np.zeros(0, np.int64)


def _alike_ahead(text: NDArray[np.integer], places: Ints, wanted: Ints) -> Ints:
    """How many tokens of `wanted` follow one another in `text` from each place on."""
    alike = np.zeros(len(places), np.int64)
    going_on = np.arange(len(places))
    for ahead, token in enumerate(wanted.tolist()):
        going_on = going_on[places[going_on] + ahead < len(text)]
        going_on = going_on[text[places[going_on] + ahead] == token]
        if not len(going_on):
            break
        alike[going_on] += 1
    return alike
