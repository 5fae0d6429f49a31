"""Baselines that count: the most frequent line, and the most frequent next token (a bigram model)."""

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.evaluation.baselines.line_system import LineGuess
from dlcodegen_core.evaluation.baselines.training_lines import last_lines, training_lines
from dlcodegen_core.features.code_tokens import is_blank, split_tokens

COUNTED_LINES = 50_000
LONGEST_GUESS_TOKENS = 40


class MostFrequentLine:
    """Always the commonest line of the training files, sure of it by that line's share. Raises DatasetError."""

    name = "Most frequent line"

    def __init__(self, files: Sequence[SourceFile], seed: int = 0) -> None:
        counts = Counter(line.line for line in training_lines(files, COUNTED_LINES, seed))
        best = min(counts, key=lambda line: (-counts[line], line))
        self._guess = LineGuess(best, counts[best] / counts.total())

    def complete(self, prompt: str) -> LineGuess:
        return self._guess


class _Choice(NamedTuple):
    token: str
    probability: float


class MostFrequentNextToken:
    """Greedily the token that most often followed the last one, or the commonest of all after one never seen.

    The line begins with a token that shows something and ends before a newline, or after 40 tokens if the tokens go
    round in circles. Its confidence is the product of the tokens' relative frequencies.
    """

    name = "Most frequent next token"

    def __init__(self, files: Sequence[SourceFile]) -> None:
        pairs: Counter[tuple[str, str]] = Counter()
        singles: Counter[str] = Counter()
        for file in files:
            tokens = split_tokens(file.text)
            singles.update(tokens)
            pairs.update(itertools.pairwise(tokens))
        followers: dict[str, Counter[str]] = {}
        for (before, token), count in pairs.items():
            followers.setdefault(before, Counter())[token] = count
        self._next = {before: _most_frequent(counts) for before, counts in followers.items()}
        self._first = {before: _most_frequent(_visible(counts)) for before, counts in followers.items()}
        self._any = _most_frequent(singles)
        self._any_first = _most_frequent(_visible(singles))

    def complete(self, prompt: str) -> LineGuess:
        before = (split_tokens(last_lines(prompt)) or [""])[-1]
        choice = self._first.get(before) or self._any_first
        if choice is None:
            return LineGuess("", None)
        text, probability = "", 1.0
        for _token in range(LONGEST_GUESS_TOKENS):
            probability *= choice.probability
            if "\n" in choice.token:
                break
            text += choice.token
            choice = self._next.get(choice.token) or self._any or choice
        return LineGuess(text.rstrip(), probability)


def _most_frequent(counts: Counter[str]) -> _Choice | None:
    """The commonest token, the alphabetically first of several, and its share; None of no tokens."""
    if not counts:
        return None
    best = min(counts, key=lambda token: (-counts[token], token))
    return _Choice(best, counts[best] / counts.total())


def _visible(counts: Counter[str]) -> Counter[str]:
    return Counter({token: count for token, count in counts.items() if not is_blank(token)})
