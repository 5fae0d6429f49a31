"""Source files -> pairs: cut in the order of paths, balanced over files, over kinds and over each file's length.

prompt + target + suffix is always a verbatim, unbroken part of the file's text. A prompt is as many whole lines as fit
and what stands before the target on its own line; blank lines at its start are left out. A target starts and ends
with code, so blanks at a line's end belong to nothing. Only fill-in-the-middle pairs have a suffix.
"""

import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from dlcodegen_core.data.cutting.options import CutOptions
from dlcodegen_core.data.cutting.outline import Span, outline_of
from dlcodegen_core.data.cutting.places import CAPTURES_OF, cursor_in, places_of
from dlcodegen_core.data.cutting.shares import Draws, even_shares, spread
from dlcodegen_core.data.pairs import BODY, KINDS, MIDDLE, NEXT_LINE, STATEMENT, Pair
from dlcodegen_core.data.source_files import SourceFile

Progress = Callable[[int, int], None]

_UNFIT = re.compile("[\0\ud800-\udfff]")  # a text with one of these cannot be kept
_BLANK_LINES = re.compile(r"(?:[^\S\n]*+\n)*+")
_PLACE_BITS = 32
# Of two pairs with the same prompt and target the one of the rarer kind is kept.
_RAREST_FIRST = (BODY, STATEMENT, NEXT_LINE, MIDDLE)
_Order = tuple[int, int, int, int]


def cut_pairs(
    files: Sequence[SourceFile],
    options: CutOptions = CutOptions(),  # noqa: B008  # frozen
    commit: str | None = None,
    progress: Progress | None = None,
) -> list[Pair]:
    """At most `options.most_pairs` pairs, by path and by place in the file, whatever the order of `files`.

    Small files give all that they have, large ones the same number each. Of two pairs with the same prompt and target
    only one is kept. A file without a language gives next lines only; one that takes its grammar too long gives
    nothing. progress hears (done, total) files and may raise. Raises ValueError for an unknown language.
    """
    ordered = sorted(files, key=lambda file: (file.path, file.text))
    drawn = [_Source(number, file, Draws(options.seed, file.path)) for number, file in enumerate(ordered)]
    drawn.sort(key=lambda source: (source.rank, source.number))
    sources: list[_Source] = []
    for done, source in enumerate(drawn):
        if progress:
            progress(done, len(drawn))
        if len(sources) == options.most_pairs:
            break  # there is not even one pair for each of the other files
        source.find_places(options)
        if source.amount:
            sources.append(source)
    if progress:
        progress(len(drawn), len(drawn))
    pairs = _take(sources, options, commit)
    return [pair for _order, pair in sorted(pairs, key=lambda ordered_pair: ordered_pair[0])]


@dataclass(slots=True)
class _Source:
    """A file and the places in it that have not been taken yet, by kind; each place is packed into one integer.

    given: how many pairs of each kind it has given.
    """

    number: int
    file: SourceFile
    draws: Draws
    places: "dict[str, array[int]]" = field(default_factory=dict)
    given: Counter[str] = field(default_factory=Counter)

    @property
    def rank(self) -> int:
        return self.draws.number("rank")

    @property
    def left(self) -> int:
        return sum(map(len, self.places.values()))

    @property
    def amount(self) -> int:
        """What it has given and may still give."""
        return self.given.total() + self.left

    def find_places(self, options: CutOptions) -> None:
        language = self.file.language
        kinds = set(options.kinds) if language else set(options.kinds) & {NEXT_LINE}
        wanted = frozenset().union(*(CAPTURES_OF[kind] for kind in kinds))
        outline = outline_of(self.file.text, language, wanted) if kinds else None
        if outline is None:
            return
        for kind in kinds:
            found = places_of(outline, kind, options.prompt_characters, self.draws.below)
            self.places[kind] = array("Q", [start << _PLACE_BITS | end for start, end in found])

    def take(self, total: int) -> Iterator[tuple[int, int, str]]:
        """Start, end and kind of as many targets as make up `total` with the pairs given, evenly over kinds and over
        the file. They are taken for good."""
        kinds = [kind for kind in _RAREST_FIRST if kind in self.places]
        first = [self.draws.number(kind) for kind in kinds]
        shares = even_shares([self.given[kind] + len(self.places[kind]) for kind in kinds], total, first)
        for kind, share, offset in zip(kinds, shares, first, strict=True):
            taken, left = spread(self.places[kind], share - self.given[kind], offset)
            self.places[kind] = array("Q", left)
            for place in taken:
                target: Span | None = (place >> _PLACE_BITS, place & (1 << _PLACE_BITS) - 1)
                if kind == STATEMENT and target and self.file.language:
                    target = cursor_in(self.file.text, target, self.file.language, self.draws.below)
                if target:
                    yield (*target, kind)


def _take(sources: Sequence[_Source], options: CutOptions, commit: str | None) -> list[tuple[_Order, Pair]]:
    """Pairs with their place in the order.

    A place may turn out to give nothing new. Then the file makes up for it from its other places, and if it has none
    left, the other files do in the next round; a file's share is of all rounds together.
    """
    pairs: list[tuple[_Order, Pair]] = []
    seen: set[tuple[str, str]] = set()
    while len(pairs) < options.most_pairs and any(source.left for source in sources):
        ranks = range(len(sources))  # in which they stand
        shares = even_shares([source.amount for source in sources], options.most_pairs, ranks)
        for source, share in zip(sources, shares, strict=True):
            while source.given.total() < share and source.left:
                for order, pair in _pairs_of(source, share, options, commit):
                    if (pair.prompt, pair.target) not in seen:
                        seen.add((pair.prompt, pair.target))
                        source.given[str(pair.kind)] += 1
                        pairs.append((order, pair))
    return pairs


def _pairs_of(source: _Source, total: int, options: CutOptions, commit: str | None) -> Iterator[tuple[_Order, Pair]]:
    """What a file gives to come to `total` pairs; less where a place gives none."""
    text, language, path = source.file.text, source.file.language, source.file.path
    line, counted_to = 1, 0
    targets = sorted(source.take(total), key=lambda target: (target[0], _RAREST_FIRST.index(target[2]), target[1]))
    for start, end, kind in targets:
        line += text.count("\n", counted_to, start)
        counted_to = start
        prompt, target = _prompt(text, start, options.prompt_characters), text[start:end]
        suffix = _suffix(text, end, options.suffix_characters) if kind == MIDDLE else None
        pieces = (prompt, target) if suffix is None else (prompt, target, suffix)
        if all(piece and not piece.isspace() and not _UNFIT.search(piece) for piece in pieces):
            order = (source.number, start, KINDS.index(kind), end)
            yield order, Pair(prompt, target, language, path, line, kind, commit, suffix)


def _prompt(text: str, end: int, most: int) -> str:
    """What stands before `end`, from a line's beginning on; empty if not even the line's own beginning fits."""
    start = max(0, end - most)
    if start and text[start - 1] != "\n":
        start = text.find("\n", start, end) + 1
        if not start:
            return ""
    blank = _BLANK_LINES.match(text, start, end)
    return text[blank.end() if blank else start : end]


def _suffix(text: str, start: int, most: int) -> str:
    """What stands behind `start`, to a line's end if one with code before it fits."""
    piece = text[start : start + most]
    if len(piece) < most or text.startswith("\n", start + most):
        return piece
    whole_lines = piece[: max(piece.rfind("\n"), 0)]
    return piece if not whole_lines or whole_lines.isspace() else whole_lines
