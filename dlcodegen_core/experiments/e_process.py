"""A test of two arms that may be looked at after every answer: betting on which arm is better.

Pair the first answer of one arm with the first of the other, the second with the second, and so on; the gain of a
pair is the second arm's value less the first arm's. If the arms do not differ, gains are 0 on average, and nobody can
make money by betting on them. So twelve gamblers bet: each stakes a fixed share of what it has on every pair, six of
them on the second arm and six on the first. What they own together, from 1 at the start, is the e-value. Without a
difference it reaches 20 with a chance of at most 1 in 20, at any time ever (Ville's inequality): looking often and
stopping early cost nothing.

That holds in any order of arrival, for the k-th answer of an arm is the same whenever it comes. It asks that the
answers of an arm are independent and alike in distribution. Values are shares from 0 to 1: accepted or not, or how
much was kept. Where one arm gets several times the other's traffic, a block of its answers is set against one of the
other's, by their mean.

Pairs and their ties are Wald's (Sequential Analysis, 1947); blocks as in Turner, Ly and Grünwald, "Generic
E-variables for exact sequential k-sample tests that allow for optional stopping" (2024); bets on bounded means and the
intervals from them as in Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting" (2024).
Knows nothing of versions, users or databases.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

# A small difference is found fastest with small stakes, a large one with large stakes; nobody knows beforehand which.
STAKES = (0.03, 0.06, 0.12, 0.22, 0.4, 0.7)
HALVINGS = 30
MOST_IN_A_BLOCK = 20


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and what it may really be. The limits hold at all times at once, so they may be looked at at any time."""

    mean: float
    low: float
    high: float


def block_sizes(first_share: float, second_share: float) -> tuple[int, int]:
    """How many answers of each arm make a block, by their shares of the traffic: (9, 1) for 90 to 10.

    Small blocks, since of a large one the mean moves too little to be worth a bet.
    """
    busy, other = max(first_share, second_share), min(first_share, second_share)
    ratio = Fraction(min(MOST_IN_A_BLOCK, busy / other)).limit_denominator(2)
    sizes = ratio.numerator, ratio.denominator
    return sizes if first_share >= second_share else sizes[::-1]


def block_gains(first: ArrayLike, second: ArrayLike, sizes: tuple[int, int] = (1, 1)) -> NDArray[np.float64]:
    """Of each whole block, the second arm's mean less the first's; values in the order they came, shape (blocks,)."""
    means = []
    left, right = np.asarray(first, np.float64), np.asarray(second, np.float64)
    blocks = min(len(left) // sizes[0], len(right) // sizes[1])
    for values, size in ((left, sizes[0]), (right, sizes[1])):
        means.append(values[: blocks * size].reshape(blocks, size).mean(axis=1))
    return means[1] - means[0]


def log_wealth(gains: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """What each gambler owns after each block, as a natural logarithm; shape (..., blocks, stakes).

    gains: -1..1, shape (..., blocks). side: 1 for those who bet on the second arm, -1 on the first.
    """
    return np.cumsum(np.log1p(gains[..., None] * (side * np.array(STAKES))), axis=-2)


def log_evidence(gains: NDArray[np.float64], side: int = 0) -> NDArray[np.float64]:
    """The natural logarithm of the e-value after each block, shape (..., blocks); of one side's gamblers or of all."""
    if side:
        wealth = log_wealth(gains, side)
        most = wealth.max(axis=-1)
        mean: NDArray[np.float64] = most + np.log(np.exp(wealth - most[..., None]).mean(axis=-1))
        return mean
    both: NDArray[np.float64] = np.logaddexp(log_evidence(gains, 1), log_evidence(gains, -1)) - math.log(2)
    return both


def mean_interval(values: ArrayLike, low: float, high: float, alpha: float) -> Interval:
    """The mean of `values`, all within low..high, and its limits.

    Each limit is the last mean that the gamblers of one side have not refuted; without values, low and high
    themselves. Raises ValueError for a value outside.
    """
    numbers = np.asarray(values, np.float64)
    if numbers.size == 0:
        return Interval((low + high) / 2, low, high)
    if numbers.min() < low or numbers.max() > high:
        raise ValueError(f"values lie in {numbers.min()}..{numbers.max()}, give values in {low}..{high}")
    distinct, counts = np.unique(numbers, return_counts=True)
    mean = float(numbers.mean())

    def refuted(candidate: float, side: int) -> bool:
        # Scaled so that no gambler can lose all, whatever the candidate; a mean further off is refuted more.
        scaled = (distinct - candidate) / max(candidate - low, high - candidate)
        wealth = counts @ np.log1p(scaled[:, None] * (side * np.array(STAKES)))
        return float(np.logaddexp.reduce(wealth)) - math.log(len(STAKES)) >= math.log(2 / alpha)

    return Interval(mean, _limit(low, mean, refuted, 1), _limit(high, mean, refuted, -1))


def _limit(end: float, mean: float, refuted: Callable[[float, int], bool], side: int) -> float:
    """Between an end of the range and the mean, where candidates begin to be possible."""
    if not refuted(end, side):
        return end
    outside, inside = end, mean
    for _halving in range(HALVINGS):
        middle = (outside + inside) / 2
        outside, inside = (middle, inside) if refuted(middle, side) else (outside, middle)
    return outside
