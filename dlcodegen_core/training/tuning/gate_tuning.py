"""Teaches the gate to believe the counts where lessons were counted, and to stay as it was everywhere else.

On ordinary code the gate is asked to trust as the parent's gate does, with the parent's network before it, so what the
fine-tuned network shifts is made good as well. On lessons it is asked to make the taught tokens likely.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.gate import closed, gate_input
from dlcodegen_core.training.sequence.gate_fitting import LEAST_PROBABILITY, GateRows, gate_layers, gate_weights

RATE = 1e-3
STEPS = 300
ORDINARY_ROWS, LESSON_ROWS = 256, 128  # a step
LESSON_WEIGHT = 0.1
KNOWN = 0.9  # a taught token this likely need not become likelier

Floats = NDArray[np.float32]


def tune_gate(
    start: Mapping[str, Floats], ordinary: GateRows, trusted: Floats, lessons: GateRows, seed: int
) -> dict[str, Floats]:
    """The weights of the tuned gate. trusted: how the parent shares its trust at the ordinary rows, (rows, EXPERTS)."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # steps this small are slower on two
    try:
        return _tune_gate(start, ordinary, trusted, lessons, seed)
    finally:
        torch.set_num_threads(threads)


def _tune_gate(
    start: Mapping[str, Floats], ordinary: GateRows, trusted: Floats, lessons: GateRows, seed: int
) -> dict[str, Floats]:
    layers = gate_layers(start)
    network = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
    old, taught = (torch.from_numpy(gate_input(rows.numbers, rows.hidden)) for rows in (ordinary, lessons))
    old_bias, taught_bias = (torch.from_numpy(closed(rows.numbers)) for rows in (ordinary, lessons))
    wanted, shares = torch.from_numpy(trusted), torch.from_numpy(lessons.shares)
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    for step in range(STEPS):
        optimiser.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
        chosen = torch.randint(0, len(old), (ORDINARY_ROWS,), generator=generator)
        trust = (network(old[chosen]) + old_bias[chosen]).log_softmax(dim=1)
        drift = torch.nn.functional.kl_div(trust, wanted[chosen], reduction="batchmean")
        drawn = torch.randint(0, len(taught), (LESSON_ROWS,), generator=generator)
        likely = ((network(taught[drawn]) + taught_bias[drawn]).softmax(dim=1) * shares[drawn]).sum(dim=1)
        loss = -likely.clamp(LEAST_PROBABILITY, KNOWN).log().mean()
        optimiser.zero_grad()
        (LESSON_WEIGHT * loss + drift).backward()
        optimiser.step()
    return gate_weights(layers)
