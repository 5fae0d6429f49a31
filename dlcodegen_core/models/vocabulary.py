"""The classes DeepCodeNet chooses from: code tokens of the training targets, plus unknown and end.

Unknown stands for every token that is not in the vocabulary; it is learned, never offered. End means that the
completion is over.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dlcodegen_core.features.code_tokens import is_blank, split_tokens

UNKNOWN = 0
END = 1
SPECIAL = ("<unknown>", "<end>")


@dataclass(frozen=True, slots=True)
class Sample:
    """One step of a completion: after `text` comes `token`, or the end (None). `pair` is the index of its pair."""

    text: str
    token: str | None
    pair: int


def samples_of(prompt: str, target: str, pair: int, tokens: int) -> list[Sample]:
    """The first `tokens` visible steps of a completion; blanks before them come along and cost nothing.

    >>> [sample.token for sample in samples_of("def f():", "\\n    return 1", 0, tokens=1)]
    ['\\n    ', 'return ']
    """
    samples = []
    text, visible = prompt, 0
    for token in split_tokens(target):
        samples.append(Sample(text, token, pair))
        text += token
        visible += not is_blank(token)
        if visible == tokens:
            return samples
    return [*samples, Sample(text, None, pair)]


class Vocabulary:
    """Token <-> class number. Classes 0 and 1 are unknown and end."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tuple(tokens)
        self._class_of = {token: index for index, token in enumerate(self.tokens, start=len(SPECIAL))}
        if len(self._class_of) != len(self.tokens):
            raise ValueError("a token stands twice in the vocabulary")

    @classmethod
    def build(cls, samples: Iterable[Sample], size: int, targets: Iterable[str] = ()) -> "Vocabulary":
        """The most frequent tokens of the samples, then of the whole targets, until `size` classes are reached.

        Ties go in alphabetical order, so the same data always gives the same vocabulary.
        """
        asked = Counter(sample.token for sample in samples if sample.token is not None)
        ranked = _ranked(asked)
        if len(ranked) < size - len(SPECIAL):
            elsewhere = Counter(token for target in targets for token in split_tokens(target))
            ranked += [token for token in _ranked(elsewhere) if token not in asked]
        return cls(ranked[: size - len(SPECIAL)])

    def __len__(self) -> int:
        return len(SPECIAL) + len(self.tokens)

    def class_of(self, token: str | None) -> int:
        """The class of a token; None is the end, a token never seen is unknown."""
        return END if token is None else self._class_of.get(token, UNKNOWN)

    def text_of(self, number: int) -> str:
        """What a class adds to the completion: its token, or nothing for the special ones."""
        return self.tokens[number - len(SPECIAL)] if number >= len(SPECIAL) else ""


def _ranked(counts: Counter[str]) -> list[str]:
    return sorted(counts, key=lambda token: (-counts[token], token))
