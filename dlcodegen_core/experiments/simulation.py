"""Tests played through with made-up answers whose rates are known: how often a test is wrong, and how long it takes.

Thousands at once, each looked at after every block. For the benchmark and the suite; nothing here meets real answers.
"""

import math

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.experiments.e_process import log_evidence

AT_ONCE = 100  # tests played at once, so that memory stays small
Z_95 = 1.96
FIRST_LOOK = 10  # answers an arm before the naive test is looked at; earlier its approximation means nothing


def endings(
    first_rate: float,
    second_rate: float,
    tests: int,
    blocks: int,
    alpha: float = 0.05,
    seed: int = 0,
    sizes: tuple[int, int] = (1, 1),
) -> NDArray[np.int64]:
    """After how many blocks each test found a difference, 0 where it found none within `blocks`; shape (tests,)."""
    random = np.random.default_rng(seed)
    found = []
    for begin in range(0, tests, AT_ONCE):
        shape = (min(AT_ONCE, tests - begin), blocks)
        gains = random.binomial(sizes[1], second_rate, shape) / sizes[1]
        gains -= random.binomial(sizes[0], first_rate, shape) / sizes[0]
        found.append(_first(log_evidence(gains) >= math.log(1 / alpha)))
    return np.concatenate(found)


def naive_endings(first_rate: float, second_rate: float, tests: int, answers: int, seed: int = 0) -> NDArray[np.int64]:
    """The same for what many do: a z-test at 5 % after every pair of answers, believed as soon as it says yes."""
    random = np.random.default_rng(seed)
    counts = np.arange(1, answers + 1)
    found = []
    for begin in range(0, tests, AT_ONCE):
        shape = (min(AT_ONCE, tests - begin), answers)
        first = np.cumsum(random.random(shape) < first_rate, axis=1) / counts
        second = np.cumsum(random.random(shape) < second_rate, axis=1) / counts
        pooled = (first + second) / 2
        error = np.sqrt(2 * pooled * (1 - pooled) / counts)
        says_yes = (np.abs(second - first) > Z_95 * error) & (counts >= FIRST_LOOK)
        found.append(_first(says_yes))
    return np.concatenate(found)


def _first(hits: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The place of each row's first hit, counted from 1; 0 for none."""
    return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, 0)
