"""How many answers a test takes: before it, from the rates one would like to tell apart; during it, from what was seen.

The logarithm of a gambler's wealth is a sum of independent steps, near enough to a random walk with a drift, and the
time at which such a walk reaches a height has a known distribution (the inverse Gaussian). The gambler who gets there
first decides. Estimates, for people to plan by; no verdict depends on them.
"""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.experiments.e_process import STAKES, Interval

MOST = 100_000  # answers an arm; beyond it nobody waits
_NORMAL = NormalDist()
_BETS = np.array([side * stake for side in (1, -1) for stake in STAKES])


def answers_needed(
    first_rate: float, second_rate: float, alpha: float = 0.05, sizes: tuple[int, int] = (1, 1), chance: float = 0.8
) -> tuple[int, int] | None:
    """How many answers of each arm end the test with this chance if the rates are these; None for more than anyone has.

    sizes: of a block, see `e_process.block_sizes`.
    """
    gains, weights = _gains_of_blocks(first_rate, second_rate, sizes)
    steps = np.log1p(gains[:, None] * _BETS)
    drift = weights @ steps
    spread = weights @ (steps - drift) ** 2
    blocks = _fewest(np.full(len(_BETS), _height(alpha)), drift, spread, chance)
    return None if blocks is None or max(sizes) * blocks > MOST else (sizes[0] * blocks, sizes[1] * blocks)


def blocks_more(gains: NDArray[np.float64], alpha: float = 0.05, chance: float = 0.5) -> int | None:
    """How many more blocks end the test with this chance if the gains go on as they were; None if that is never.

    gains: of all blocks so far.
    """
    if not len(gains):
        return None
    steps = np.log1p(gains[:, None] * _BETS)
    heights = _height(alpha) - steps.sum(axis=0)
    if heights.min() <= 0:
        return 0
    blocks = _fewest(heights, steps.mean(axis=0), steps.var(axis=0), chance)
    return None if blocks is None or blocks > MOST else blocks


def blocks_more_until_alike(difference: Interval, blocks: int, margin: float) -> int | None:
    """How many more blocks show that the arms differ by less than `margin`, if the difference stays what it is.

    None if it is not that small. An interval narrows as the root of its answers, or a little slower.
    """
    room = margin - abs(difference.mean)
    width = max(difference.high - difference.mean, difference.mean - difference.low)
    if room <= 0 or not blocks:
        return None
    more = math.ceil(blocks * (width / room) ** 2) - blocks
    return more if more <= MOST else None


def _height(alpha: float) -> float:
    """How high a single gambler must get so that all of them together own 1 / alpha.

    The one with the next best stake owns about as much by then: simulated tests end so.
    """
    return math.log(len(_BETS) / 2 / alpha)


def _fewest(
    heights: NDArray[np.float64], drifts: NDArray[np.float64], spreads: NDArray[np.float64], chance: float
) -> int | None:
    times = [
        _time_to_reach(height, drift, spread, chance)
        for height, drift, spread in zip(heights.tolist(), drifts.tolist(), spreads.tolist(), strict=True)
        if drift > 0
    ]
    return math.ceil(min(times)) if times and math.isfinite(min(times)) else None


def _time_to_reach(height: float, drift: float, spread: float, chance: float) -> float:
    """The number of steps by which a walk has reached a height with this chance."""
    if spread <= 0:
        return height / drift
    longest = 1.0
    while _reached(longest, height, drift, spread) < chance:
        longest *= 2
        if longest > 100 * MOST:
            return math.inf
    shortest = longest / 2
    while longest - shortest > 0.25:
        middle = (shortest + longest) / 2
        if _reached(middle, height, drift, spread) < chance:
            shortest = middle
        else:
            longest = middle
    return longest


def _reached(steps: float, height: float, drift: float, spread: float) -> float:
    """The chance that a walk has been at a height within so many steps."""
    scale = math.sqrt(steps * spread)
    mirrored = _NORMAL.cdf(-(drift * steps + height) / scale)
    exponent = 2 * drift * height / spread
    # Where the mirrored chance is 0 to a computer, so is its product with the exponential.
    echo = math.exp(min(700.0, exponent)) * mirrored if mirrored > 0 else 0.0
    return _NORMAL.cdf((drift * steps - height) / scale) + min(1.0, echo)


def _gains_of_blocks(
    first_rate: float, second_rate: float, sizes: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Every gain that a block can have, and how likely it is."""
    means, chances = [], []
    for rate, size in zip((first_rate, second_rate), sizes, strict=True):
        hits = range(size + 1)
        means.append(np.array([hit / size for hit in hits]))
        chances.append(np.array([math.comb(size, hit) * rate**hit * (1 - rate) ** (size - hit) for hit in hits]))
    return (means[1][None, :] - means[0][:, None]).ravel(), np.outer(*chances).ravel()
