"""What a dataset is made of: lengths in tokens, and how much of it a small output vocabulary can say.

DeepCodeNet chooses from a hundred tokens, so what matters is which share of the targets' first tokens those hundred
are, and how evenly they come: a model that always says the most frequent one is right that often.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.features.code_tokens import is_blank, split_tokens
from dlcodegen_core.models.vocabulary import SPECIAL, samples_of

EXAMINED_AT_MOST = 20_000
CLASSES_SHOWN = 30
_PERCENTILES = (5, 50, 95)


@dataclass(frozen=True, slots=True)
class TokenClass:
    """A first token of targets, and how many of the examined targets begin with it."""

    token: str
    count: int


@dataclass(frozen=True, slots=True)
class DatasetProfile:
    """Of `examined` pairs, spread over all `pairs`. Token counts are visible code tokens at 5, 50 and 95 percent.

    classes: the most frequent first tokens. distinct: how many different ones there are. coverage: the share of
    targets whose first token is among the `vocabulary_size` most frequent, the special ones counted. balance: the
    entropy of those classes over that of equally frequent ones, 0..1.
    """

    pairs: int
    examined: int
    prompt_tokens: tuple[int, int, int]
    target_tokens: tuple[int, int, int]
    classes: tuple[TokenClass, ...]
    distinct: int
    vocabulary_size: int
    coverage: float
    balance: float

    @property
    def most_frequent_share(self) -> float:
        """How often the most frequent first token alone is right, 0..1."""
        return self.classes[0].count / max(1, self.examined) if self.classes else 0.0


def profile_of(pairs: Sequence[Pair], of: int, vocabulary_size: int | None = None) -> DatasetProfile:
    """The profile of `pairs`, a sample of `of`. vocabulary_size: output classes, those of the seed's if None."""
    size = vocabulary_size or TrainConfig().vocabulary_size
    first = Counter(token for pair in pairs if (token := _first_token(pair)) is not None)
    ranked = sorted(first.items(), key=lambda item: (-item[1], item[0]))
    kept = np.array([count for _token, count in ranked[: size - len(SPECIAL)]], float)
    return DatasetProfile(
        pairs=of,
        examined=len(pairs),
        prompt_tokens=_lengths([pair.prompt for pair in pairs]),
        target_tokens=_lengths([pair.target for pair in pairs]),
        classes=tuple(TokenClass(token, count) for token, count in ranked[:CLASSES_SHOWN]),
        distinct=len(first),
        vocabulary_size=size,
        coverage=float(kept.sum() / max(1, len(pairs))),
        balance=_balance(kept),
    )


def _first_token(pair: Pair) -> str | None:
    """The first step that a model of one token a pair learns."""
    return samples_of(pair.prompt, pair.target, 0, tokens=1)[0].token


def _lengths(texts: Sequence[str]) -> tuple[int, int, int]:
    counts = [sum(not is_blank(token) for token in split_tokens(text)) for text in texts] or [0]
    low, middle, high = (round(value) for value in np.percentile(counts, _PERCENTILES))
    return low, middle, high


def _balance(counts: np.ndarray) -> float:
    if len(counts) < 2:
        return 0.0
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum() / np.log(len(counts)))
