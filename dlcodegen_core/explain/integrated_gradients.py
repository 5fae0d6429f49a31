"""What each of the 544 numbers gave to the winning token: integrated gradients.

The features walk in a straight line from the baseline to the prompt's, and each number is credited with the slope of
the token's log-probability along its own column, times how far it walked. The credits add up to all that the prompt
changed, but for the error of the midpoint rule; it takes more steps until that error is small, and tells what is left.

After Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks" (https://arxiv.org/abs/1703.01365).
Knows nothing of text.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.forward_pass import ForwardPass

FEWEST_STEPS = 32
MOST_STEPS = FEWEST_STEPS * 27
# Good enough: within 1 % of what there is to explain, or too little to be seen where there is next to nothing.
GAP_SHARE = 0.01
GAP_NATS = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class PathPushes:
    """pushes: shape (544,), nats of log-probability. gap: their sum less what they should add up to.

    value, baseline_value: the log-probability for the features and at the baseline.
    """

    pushes: NDArray[np.float64]
    value: float
    baseline_value: float
    gap: float
    steps: int


def integrated_gradients(
    network: ForwardPass, features: NDArray[np.float32], baseline: NDArray[np.float32], number: int
) -> PathPushes:
    """Explain the log-probability of class `number`; features and baseline have shape (544,)."""
    ends = network.log_probabilities(np.stack([baseline, features]))[:, number]
    baseline_value, value = float(ends[0]), float(ends[1])
    allowed = max(GAP_SHARE * abs(value - baseline_value), GAP_NATS)
    way = features - baseline
    steps, middles = FEWEST_STEPS, _middles(FEWEST_STEPS)
    slopes = np.zeros(len(way))
    while True:
        points = baseline + middles[:, np.newaxis] * way
        slopes += network.gradient(points, number).sum(axis=0, dtype=np.float64)
        pushes = slopes / steps * way
        gap = float(pushes.sum()) - (value - baseline_value)
        if abs(gap) <= allowed or steps >= MOST_STEPS:
            return PathPushes(pushes, value, baseline_value, gap, steps)
        # Each part falls into three, whose middle one has its middle where the part had it: no slope is wasted.
        steps *= 3
        middles = _middles(steps)[np.arange(steps) % 3 != 1]


def _middles(steps: int) -> NDArray[np.float32]:
    """The middles of so many equal parts of the way from 0 to 1."""
    middles: NDArray[np.float32] = ((np.arange(steps) + 0.5) / steps).astype(np.float32)
    return middles
