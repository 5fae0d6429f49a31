"""How good completed lines are: edit similarity, exact match, bootstrap intervals, latency.

Lines of one file are alike, so intervals come from drawing whole files anew (the cluster bootstrap, Efron and
Tibshirani 1993, chapter 8). Knows neither systems nor how their guesses came about.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dlcodegen_core.features.code_tokens import is_blank, split_tokens

RESAMPLES = 1_000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the 95 % interval around it."""

    mean: float
    low: float
    high: float


def edit_similarity(guess: str, target: str) -> float:
    """Likeness of two lines, 0..100, trailing whitespace aside; 100 means equal.

    The definition of CodeXGLUE's line completion (py150, JavaCorpus), `fuzz.ratio`: 200 * matched characters in
    order / characters of both, that is the Levenshtein similarity with a replacement counted as two edits. Not
    rounded to whole numbers as it is there.
    """
    from rapidfuzz import fuzz

    return float(fuzz.ratio(guess.rstrip(), target.rstrip()))


def exact_match(guess: str, target: str) -> bool:
    """Whether two lines are equal, trailing whitespace aside."""
    return guess.rstrip() == target.rstrip()


def first_code_token(text: str) -> str:
    """The first token that shows something on the page, without its spaces; empty if there is none."""
    return next((token.strip() for token in split_tokens(text) if not is_blank(token)), "")


def bootstrap_interval(
    values: ArrayLike, files: Sequence[Hashable], resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """The mean of `values` and its 95 % percentile interval; files[i] names the file that values[i] comes from.

    With a single file there are no files to draw, so lines are drawn instead and the interval is too narrow.
    Raises ValueError without values.
    """
    numbers = np.asarray(values, np.float64)
    if numbers.size == 0 or numbers.size != len(files):
        raise ValueError(f"{numbers.size} values and {len(files)} files, give one file for each of 1 value or more")
    groups = _group_numbers(files)
    if groups.max() == 0:
        groups = np.arange(len(numbers))
    sums, counts = np.bincount(groups, numbers), np.bincount(groups)
    # How often each file is drawn in each resample, shape (resamples, files).
    times = np.random.default_rng(seed).multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=resamples)
    means = (times @ sums) / (times @ counts)
    low, high = np.quantile(means, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Interval(float(numbers.mean()), float(low), float(high))


def paired_bootstrap_difference(
    first: ArrayLike, second: ArrayLike, files: Sequence[Hashable], resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """How much better the first system is than the second on the same cases: mean difference and 95 % interval.

    An interval without 0 is evidence of a difference. Raises ValueError if the lengths differ or nothing is given.
    """
    left, right = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if left.shape != right.shape:
        raise ValueError(f"{left.size} values of one system and {right.size} of the other, give the same cases to both")
    return bootstrap_interval(left - right, files, resamples, seed)


def latency_percentiles(latencies_ms: Sequence[float]) -> tuple[float, float]:
    """The median and the 95th percentile, linearly interpolated. Raises ValueError without latencies."""
    if not latencies_ms:
        raise ValueError("no latencies were measured")
    p50, p95 = np.percentile(latencies_ms, (50, 95))
    return float(p50), float(p95)


def _group_numbers(names: Sequence[Hashable]) -> NDArray[np.int64]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)
