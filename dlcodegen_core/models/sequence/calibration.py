"""From the model's probability of a text to how often such texts are right: Platt scaling on the log-odds.

sigmoid(slope * log-odds + offset), fitted on lines of files that the counts had not seen. A few lines move it little
away from the probability itself.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PRIOR_STRENGTH = 4.0  # of slope 1 and offset 0, in lines
STEPS = 25
CERTAIN = 12.0  # log-odds beyond this are cut off


@dataclass(frozen=True, slots=True)
class Calibration:
    """slope and offset of the log-odds; (1, 0) changes nothing. lines: how many it was fitted on."""

    slope: float = 1.0
    offset: float = 0.0
    lines: int = 0

    def confidence(self, log_probability: float) -> float:
        """How likely a text of this log-probability is to be right, 0..1."""
        return 1 / (1 + math.exp(-(self.slope * log_odds(log_probability) + self.offset)))


def log_odds(log_probability: float) -> float:
    """ln(p / (1 - p)), cut off where p is as good as 0 or 1."""
    probability = min(max(math.exp(log_probability), 1e-9), 1 - 1e-6)
    return max(-CERTAIN, min(CERTAIN, math.log(probability / (1 - probability))))


def fit_calibration(log_probabilities: Sequence[float], right: Sequence[bool]) -> Calibration:
    """The scaling under which the given outcomes are likeliest, by Newton's method; never a falling one."""
    odds = np.array([log_odds(value) for value in log_probabilities])
    truth = np.array(right, float)
    prior = np.array([1.0, 0.0])
    weights = prior.copy()
    rows = np.stack([odds, np.ones_like(odds)], axis=1)
    for _step in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        gradient = rows.T @ (chance - truth) + PRIOR_STRENGTH * (weights - prior)
        curvature = (rows * (chance * (1 - chance))[:, None]).T @ rows + PRIOR_STRENGTH * np.eye(2)
        weights = weights - np.clip(np.linalg.solve(curvature, gradient), -1, 1)
    return Calibration(float(max(weights[0], 0.05)), float(weights[1]), len(odds))
