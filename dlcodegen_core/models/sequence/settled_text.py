"""How much of a completion is certain while it is still being searched for, so that it can be shown already.

Certain is what all hypotheses begin with, but for what may yet be taken back: the beginning of a stop string, a circle
that may close, half of a character. With one beam or one sample that is every token nearly at once. With several it
is seldom anything, since each line that a beam could have ended with stays a hypothesis.
"""

import codecs
from collections.abc import Callable, Sequence

from dlcodegen_core.models.sequence.line_search import (
    CIRCLES,
    LONGEST_CIRCLE,
    SHORTEST_RUN,
    Hypothesis,
    SearchOptions,
)


class SettledText:
    """Called after each step of a search; tells the text that is settled, each time that it has grown."""

    def __init__(self, options: SearchOptions, tell: Callable[[str], None]) -> None:
        self._stops = tuple(stop.encode() for stop in options.stop)
        self._max_tokens = options.max_tokens
        self._tell = tell
        self._told = ""

    def __call__(self, hypotheses: Sequence[Hypothesis]) -> None:
        text = _common_beginning([self.of(hypothesis) for hypothesis in hypotheses])
        if len(text) > len(self._told):
            self._told = text
            self._tell(text)

    def of(self, hypothesis: Hypothesis) -> str:
        """What this hypothesis and all that may become of it begin with."""
        if hypothesis.ended:
            return hypothesis.text
        content = b"".join(hypothesis.pieces[: len(hypothesis.pieces) - self._in_circles(hypothesis.tokens)])
        content = content[: len(content) - self._of_a_stop(content)]
        return codecs.getincrementaldecoder("utf-8")("ignore").decode(content)

    def _of_a_stop(self, content: bytes) -> int:
        """How many bytes at the end may turn out to begin a stop string."""
        return max(
            (size for stop in self._stops for size in range(1, len(stop)) if content.endswith(stop[:size])), default=0
        )

    def _in_circles(self, tokens: Sequence[int]) -> int:
        """How many tokens at the end go again if the circle that they may be part of closes."""
        most = 0
        for period in range(-(-SHORTEST_RUN // CIRCLES), LONGEST_CIRCLE + 1):
            repeated = _repeated(tokens, period)
            still_needed = (CIRCLES - 1) * period - repeated
            if repeated and still_needed <= self._max_tokens - len(tokens):
                most = max(most, repeated)
        return most


def _common_beginning(texts: Sequence[str]) -> str:
    first, last = min(texts, default=""), max(texts, default="")
    size = next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[:size]


def _repeated(tokens: Sequence[int], period: int) -> int:
    """How many tokens at the end are each the same as the one `period` before it."""
    count = 0
    while count + period < len(tokens) and tokens[-1 - count] == tokens[-1 - count - period]:
        count += 1
    return count
