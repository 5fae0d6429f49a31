"""What each of the four feature groups gave to the winning token: exact Shapley values.

A group is absent when its columns hold the baseline's numbers instead of the prompt's. A group's Shapley value is what
it adds to the token's log-probability, averaged over all orders in which the groups can arrive; four groups have
sixteen coalitions, which the network answers in one batch. The values add up to all that the prompt changed.

After L. S. Shapley, "A Value for n-Person Games" (1953). Knows nothing of text.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.features.layout import GROUPS
from dlcodegen_core.models.forward_pass import ForwardPass


@dataclass(frozen=True, slots=True)
class GroupPush:
    """What one group gave, in nats of log-probability; above 0 it spoke for the token, below 0 against it.

    ablation: how far the token falls when this group alone is absent. share: of the sizes of all four Shapley values,
    0..1.
    """

    name: str
    title: str
    shapley: float
    ablation: float
    share: float


def group_pushes(
    network: ForwardPass, features: NDArray[np.float32], baseline: NDArray[np.float32], number: int
) -> tuple[GroupPush, ...]:
    """Explain the log-probability of class `number`; features and baseline have shape (544,)."""
    present = coalitions(len(GROUPS))
    rows = np.repeat(baseline[np.newaxis], len(present), axis=0)
    for player, group in enumerate(GROUPS):
        rows[present[:, player], group.columns] = features[group.columns]
    worth = network.log_probabilities(rows)[:, number].astype(np.float64)
    values = shapley_values(worth)
    everybody = len(worth) - 1
    sizes = float(np.abs(values).sum())
    return tuple(
        GroupPush(
            group.name,
            group.title,
            float(values[player]),
            float(worth[everybody] - worth[everybody - (1 << player)]),
            float(abs(values[player]) / sizes) if sizes else 0.0,
        )
        for player, group in enumerate(GROUPS)
    )


def coalitions(players: int) -> NDArray[np.bool_]:
    """Who is present in each coalition, shape (2^players, players): bit p of a row's number says so of player p."""
    present: NDArray[np.bool_] = (np.arange(1 << players)[:, np.newaxis] >> np.arange(players)) & 1 == 1
    return present


def shapley_values(worth: NDArray[np.float64]) -> NDArray[np.float64]:
    """The Shapley value of each player, shape (players,), from what each coalition is worth, shape (2^players,)."""
    players = len(worth).bit_length() - 1
    present = coalitions(players)
    others = np.arange(players)
    # The share of all orders in which exactly these others come before a player.
    weights = np.array([1 / (players * math.comb(players - 1, int(size))) for size in others])
    values = np.zeros(players)
    for player in range(players):
        without = np.flatnonzero(~present[:, player])
        gains = worth[without + (1 << player)] - worth[without]
        values[player] = weights[present[without].sum(axis=1)] @ gains
    return values
