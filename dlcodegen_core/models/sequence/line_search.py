"""Beam search and sampling over the sequence model, from text to text.

The prompt's last, unfinished piece is taken back and typed again by the search, so that a prompt may end anywhere in
a word. All tokens that begin with a stop string end a completion alike; their probabilities are added up. A beam
that goes round in circles ends where the circle closed.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.network_pass import Reading
from dlcodegen_core.models.sequence.sequence_model import SequenceModel
from dlcodegen_core.models.sequence.tokenizer import CodeTokenizer

# A beam this far behind the best score is given up: of plain log-probabilities, and of those divided by a power of
# their length. Giving up sooner was measured to cost no similarity and to save a third of the time.
HOPELESS_NATS = 6.0
HOPELESS = 1.2
KEEPING_POWER = 0.5  # of their length
# So is one whose probability is that far below all of the lines found together: it saves a third of the time.
NEGLIGIBLE_NATS = 3.5
SUFFIX_CHARACTERS = 6000
LONGEST_CIRCLE = 24  # tokens
CIRCLES = 3
SHORTEST_RUN = 6  # tokens of all circles together

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """max_tokens: of the tokenizer. width: beams, or samples. stop: a completion ends before these.

    temperature 0 is beam search (greedy if width is 1); above it, tokens are drawn among the top_k likeliest (0: all)
    that hold top_p of the probability. length_penalty: 0 ranks by probability; 1 by the mean over the tokens.
    """

    max_tokens: int = 64
    width: int = 4
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    length_penalty: float = 0.5
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A completion, its pieces with the log-probability of each, and whether it came to an end of its own.

    The last log-probability of one that ended is that of ending there, so there is one more than there are pieces.
    """

    pieces: tuple[bytes, ...] = ()
    tokens: tuple[int, ...] = ()
    log_probabilities: tuple[float, ...] = ()
    ended: bool = False
    pending: bytes = b""

    @property
    def log_probability(self) -> float:
        return sum(self.log_probabilities)

    @property
    def text(self) -> str:
        return b"".join(self.pieces).decode("utf-8", "ignore")

    def score(self, length_penalty: float) -> float:
        return self.log_probability / float(max(1, len(self.log_probabilities)) ** length_penalty)


@dataclass(frozen=True, slots=True)
class Search:
    """All that a search found, best first, and the prompt as the network read it, to be handed to the next search."""

    hypotheses: tuple[Hypothesis, ...]
    reading: Reading


def search(
    model: SequenceModel,
    prompt: str,
    options: SearchOptions,
    readings: Sequence[Reading] = (),
    cancelled: Callable[[], bool] = lambda: False,
    on_read: Callable[[], None] = lambda: None,
    suffix: str = "",
    on_step: Callable[[Sequence[Hypothesis]], None] | None = None,
) -> Search:
    """Complete `prompt`, before `suffix`. When `cancelled` answers yes, what was found so far is returned at once.

    readings: of earlier prompts; the longest that this prompt goes on from is not read again. on_read is called
    between reading the prompt and going on from it, on_step after each token with all hypotheses that are left.
    """
    pending = unfinished(model.tokenizer, prompt)
    tokens = model.tokenizer.encode(prompt[: len(prompt) - len(pending.decode())])
    behind = model.tokenizer.encode(suffix[:SUFFIX_CHARACTERS]) if suffix else None
    beams = model.begin(tokens, readings, behind)
    on_read()
    walk = _Walk(model.tokenizer, options)
    live = [Hypothesis(pending=pending)] * (options.width if options.temperature > 0 else 1)
    rows = [0] * len(live)
    done: list[Hypothesis] = []
    for _step in range(options.max_tokens + len(pending)):
        if cancelled():
            break
        probabilities = model.probabilities(beams)[rows] if len(beams) != len(live) else model.probabilities(beams)
        grown = walk.grow(live, probabilities)
        done += [hypothesis for _row, hypothesis in grown if hypothesis.ended]
        going = [(row, hypothesis) for row, hypothesis in grown if not hypothesis.ended]
        going = walk.worth_going_on(going, done)
        if not going:
            live = []
            break
        beams = model.advance(beams, [rows[row] for row, _h in going], [h.tokens[-1] for _row, h in going])
        live, rows = [hypothesis for _row, hypothesis in going], list(range(len(going)))
        if on_step is not None:
            on_step([*done, *live])
    return Search(tuple(walk.ranked([*done, *live])), beams.reading)


def unfinished(tokenizer: CodeTokenizer, prompt: str) -> bytes:
    """The bytes at the prompt's end that a longer token may begin with: its last piece, unless it is indentation.

    Indentation that was typed is meant; after a bare newline the model may indent.
    """
    piece = tokenizer.last_piece(prompt)
    indented = piece.startswith("\n") and not piece.endswith("\n")
    return b"" if indented else piece.encode()


class _Walk:
    """Grows hypotheses by a token; holds what is the same at each step."""

    def __init__(self, tokenizer: CodeTokenizer, options: SearchOptions) -> None:
        self._bytes_of = tokenizer.bytes_of
        self._options = options
        self._stops = tuple(stop.encode() for stop in options.stop)
        self._tokenizer = tokenizer
        # A mark, such as the end of the file, ends a completion as a stop string does.
        self._ends = tokenizer.ending(self._stops)
        self._random = np.random.default_rng(options.seed)

    def grow(self, live: Sequence[Hypothesis], probabilities: Floats) -> list[tuple[int, Hypothesis]]:
        """The continuations of the hypotheses, each with its row; of beams the best only, of samples one each."""
        grown = []
        chances = probabilities * ~self._ends
        for row, hypothesis in enumerate(live):
            if hypothesis.pending:
                chances[row] = self._fitting(hypothesis.pending, probabilities[row])
            elif (ending := float(probabilities[row][self._ends].sum())) > 0:
                if self._options.temperature == 0:
                    grown.append((row, self._ended(hypothesis, ending)))
                elif self._random.random() < ending:
                    grown.append((row, self._ended(hypothesis, ending)))
                    chances[row] = 0
        picks = self._best(live, chances) if self._options.temperature == 0 else self._drawn(chances)
        grown += [(row, self._longer(live[row], token, float(chances[row, token]))) for row, token in picks]
        if self._options.width == 1 and self._options.temperature == 0:  # greedy: to end is one choice among the others
            return [max(grown, key=lambda pair: pair[1].log_probability)] if grown else []
        return grown

    def worth_going_on(
        self, going: list[tuple[int, Hypothesis]], done: Sequence[Hypothesis]
    ) -> list[tuple[int, Hypothesis]]:
        """The beams that may still be among the best; samples all go on."""
        if self._options.temperature > 0:
            return going
        penalty = max(self._options.length_penalty, KEEPING_POWER) if self._options.length_penalty else 0.0
        going.sort(key=lambda pair: -pair[1].score(penalty))
        best = max([*(h.score(penalty) for h in done), *(h.score(penalty) for _row, h in going[:1])], default=0.0)
        finished = sorted((h.score(penalty) for h in done), reverse=True)[: self._options.width]
        worst = finished[-1] if len(finished) == self._options.width else -math.inf
        floor = max(worst, best - (HOPELESS if penalty else HOPELESS_NATS))
        found = math.log(max(1e-300, sum(math.exp(h.log_probability) for h in done)))
        return [
            (row, hypothesis)
            for row, hypothesis in going[: self._options.width]
            if hypothesis.score(penalty) > floor and hypothesis.log_probability > found - NEGLIGIBLE_NATS
        ]

    def ranked(self, hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
        """Best first, one a text: an ended one stands for the same text cut short. More than there are beams: each
        line that a beam could have ended with is one."""
        kept: dict[str, Hypothesis] = {}
        key = lambda h: (not h.ended, -h.score(self._options.length_penalty), h.text)  # noqa: E731
        for hypothesis in sorted(hypotheses, key=key):
            kept.setdefault(hypothesis.text, hypothesis)
        return sorted(kept.values(), key=lambda h: (-h.score(self._options.length_penalty), h.text))

    def _best(self, live: Sequence[Hypothesis], chances: Floats) -> list[tuple[int, int]]:
        """Row and token of the likeliest continuations of all, one more than there may be beams for each that a stop
        string inside it may end."""
        scores = np.array([hypothesis.log_probability for hypothesis in live])
        overall = (chances * np.exp(scores - scores.max())[:, None].astype(np.float32)).ravel()
        count = min(2 * self._options.width, len(overall))
        best = np.argpartition(overall, len(overall) - count)[len(overall) - count :]
        return [divmod(int(place), chances.shape[1]) for place in best if overall[place] > 0]

    def _drawn(self, chances: Floats) -> list[tuple[int, int]]:
        """Row and token of one continuation for each row that has not ended."""
        return [(row, self._draw(chances[row])) for row in np.flatnonzero(chances.any(axis=1)).tolist()]

    def _draw(self, chances: Floats) -> int:
        logits = np.log(np.maximum(chances, 1e-12)) / self._options.temperature
        order = np.argsort(-logits)
        if self._options.top_k:
            order = order[: self._options.top_k]
        weights = np.exp(logits[order] - logits[order[0]])
        weights /= weights.sum()
        kept = int(np.searchsorted(np.cumsum(weights), self._options.top_p) + 1)
        weights = weights[:kept] / weights[:kept].sum()
        return int(self._random.choice(order[:kept], p=weights))

    def _fitting(self, pending: bytes, chances: Floats) -> Floats:
        """Only tokens that type the pending bytes, or a beginning of them; their chances among themselves."""
        allowed = np.zeros_like(chances)
        typing = self._tokenizer.typing(pending)
        allowed[typing] = chances[typing]
        return np.asarray(allowed / max(float(allowed.sum()), 1e-12), np.float32)

    def _ended(self, hypothesis: Hypothesis, chance: float) -> Hypothesis:
        return Hypothesis(
            hypothesis.pieces,
            hypothesis.tokens,
            (*hypothesis.log_probabilities, math.log(max(chance, 1e-12))),
            True,
        )

    def _longer(self, hypothesis: Hypothesis, token: int, chance: float) -> Hypothesis:
        content, pending = self._bytes_of[token], hypothesis.pending
        typed = min(len(content), len(pending))
        pieces = (*hypothesis.pieces, content[typed:])
        log_probabilities = (*hypothesis.log_probabilities, math.log(max(chance, 1e-12)))
        tokens = (*hypothesis.tokens, token)
        cut = self._cut(pieces)
        if cut is not None:
            return Hypothesis(cut, tokens, log_probabilities, True)
        circle = _circle(tokens)
        if circle:
            return Hypothesis(pieces[:-circle], tokens, log_probabilities, True)
        over = len(tokens) >= self._options.max_tokens and len(pending) <= typed
        return Hypothesis(pieces, tokens, log_probabilities, over, pending[typed:])

    def _cut(self, pieces: tuple[bytes, ...]) -> tuple[bytes, ...] | None:
        """The pieces up to the first stop string, or None if there is none."""
        whole = b"".join(pieces)
        found = [place for stop in self._stops if (place := whole.find(stop)) >= 0]
        if not found:
            return None
        left, kept = min(found), []
        for piece in pieces:
            kept.append(piece[:left])
            left -= len(kept[-1])
        return tuple(kept)


def _circle(tokens: Sequence[int]) -> int:
    """How many tokens at the end repeat what stood before them for the third time; 0 if they do not."""
    for period in range(1, min(LONGEST_CIRCLE, len(tokens) // CIRCLES) + 1):
        tail = tokens[-period * CIRCLES :]
        if period * CIRCLES >= SHORTEST_RUN and all(tail[i] == tail[i - period] for i in range(period, len(tail))):
            return period * (CIRCLES - 1)
    return 0
