"""Answers typing along a suggestion that was already computed, without computing anything.

Keeps the candidates of recent requests. A prompt that is an earlier prompt plus the beginning of one of its
candidates is answered with what is left of that candidate, and of the others that still fit.
"""

import math
import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

REQUESTS_KEPT = 64


@dataclass(frozen=True, slots=True)
class Branch:
    """A completion in pieces, with the log-probability of each; one more if it came to an end of its own."""

    pieces: tuple[str, ...]
    log_probabilities: tuple[float, ...]

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def after(self, typed: str) -> "Branch | None":
        """What is left once `typed` stands there; None if it is no beginning of this text, or all of it.

        A piece typed in part keeps its whole log-probability, which is the careful side.
        """
        if not self.text.startswith(typed) or len(typed) >= len(self.text):
            return None
        left = len(typed)
        for number, piece in enumerate(self.pieces):
            if left < len(piece):
                return Branch((piece[left:], *self.pieces[number + 1 :]), self.log_probabilities[number:])
            left -= len(piece)
        return None

    @property
    def log_probability(self) -> float:
        return math.fsum(self.log_probabilities)


class CompletionTree:
    """The branches of the latest requests; thread-safe."""

    def __init__(self, requests: int = REQUESTS_KEPT) -> None:
        self._most = requests
        self._lock = threading.Lock()
        self._roots: OrderedDict[tuple[Hashable, str], tuple[Branch, ...]] = OrderedDict()

    def put(self, options: Hashable, prompt: str, branches: Sequence[Branch]) -> None:
        """Keep what was offered for a prompt under these options (everything else that changes an answer)."""
        with self._lock:
            self._roots[(options, prompt)] = tuple(branches)
            self._roots.move_to_end((options, prompt))
            while len(self._roots) > self._most:
                self._roots.popitem(last=False)

    def find(self, options: Hashable, prompt: str) -> list[Branch]:
        """What is left of the best earlier offer that this prompt types along; nothing if it left all of them.

        Only an offer whose first candidate still fits counts: a person who typed something else wants a new answer.
        """
        with self._lock:
            roots = list(reversed(self._roots.items()))
        for (known, earlier), branches in roots:
            if known == options and len(earlier) < len(prompt) and prompt.startswith(earlier) and branches:
                typed = prompt[len(earlier) :]
                if branches[0].after(typed) is not None:
                    return [rest for branch in branches if (rest := branch.after(typed)) is not None]
        return []

    def clear(self) -> None:
        with self._lock:
            self._roots.clear()
