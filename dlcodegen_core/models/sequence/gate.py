"""The gate: how much of the next token's probability each expert may give, from what all of them rest on.

A two-layer network over the experts' numbers and the transformer's hidden state, on top of a fixed preference: the
longer the match, the more it is trusted. An expert without evidence gets nothing. Fitted by `training.gate_fitting`.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence import copying, corpus_counts
from dlcodegen_core.models.sequence.evidence import NUMBERS_PER_ORDER

HIDDEN_SCALE = 0.5
NEVER = -1e4

_COUNTED = (*corpus_counts.ORDERS, *copying.PROMPT_ORDERS, *copying.NEIGHBOUR_ORDERS)
COUNTING_EXPERTS = len(_COUNTED)
NETWORK, UNIGRAM, UNIFORM = COUNTING_EXPERTS, COUNTING_EXPERTS + 1, COUNTING_EXPERTS + 2
EXPERTS = COUNTING_EXPERTS + 3
NETWORK_NUMBERS = 2  # its highest probability and its entropy
NUMBERS = COUNTING_EXPERTS * NUMBERS_PER_ORDER + NETWORK_NUMBERS

# Longer matches first; the same for copies of the prompt, a little more, since what is near is likelier to return.
PREFERENCE = np.array(
    [
        *(0.6 * order for order in corpus_counts.ORDERS),
        *(0.5 + 0.6 * order for order in copying.PROMPT_ORDERS),
        *(0.6 * order for order in copying.NEIGHBOUR_ORDERS),
        0.5,
        -1.0,
        -3.0,
    ],
    np.float32,
)

Floats = NDArray[np.float32]


def gate_input(numbers: Floats, hidden: Floats) -> Floats:
    """Rows for the gate, from the experts' numbers, (rows, NUMBERS), and the hidden state, (rows, width)."""
    return np.concatenate([numbers, hidden * np.float32(HIDDEN_SCALE)], axis=1)


def closed(numbers: Floats) -> Floats:
    """Added to the gate's logits: shuts out experts without evidence, shape (rows, EXPERTS)."""
    seen = numbers[:, : COUNTING_EXPERTS * NUMBERS_PER_ORDER : NUMBERS_PER_ORDER] > 0
    shut = np.zeros((len(numbers), EXPERTS), np.float32)
    shut[:, :COUNTING_EXPERTS] = np.where(seen, 0, NEVER)
    return shut + PREFERENCE


def preference_weights(width: int) -> dict[str, Floats]:
    """Of a gate of one number a layer that adds nothing to the preference."""
    shapes = {"first": (NUMBERS + width, 1), "second": (1, 1), "third": (1, EXPERTS)}
    weights = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    return {**weights, **{f"{name}_bias": np.zeros(shape[1], np.float32) for name, shape in shapes.items()}}


class Gate:
    """The fitted gate in NumPy. Immutable."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        """weights: `first`, `second`, `third` as (in, out), each with its `_bias`. Raises KeyError or ValueError."""
        self._layers = [
            (np.asarray(weights[name], np.float32), np.asarray(weights[f"{name}_bias"], np.float32))
            for name in ("first", "second", "third")
        ]
        widths = [matrix.shape for matrix, _bias in self._layers]
        if widths[-1][1] != EXPERTS or widths[0][1] != widths[1][0] or widths[1][1] != widths[2][0]:
            raise ValueError(f"the gate's layers have shapes {widths}, which do not fit together")
        self.inputs = widths[0][0]

    @classmethod
    def of_preference(cls, width: int) -> "Gate":
        """A gate that was fitted on nothing: the fixed preference alone, for a network of this width."""
        return cls(preference_weights(width))

    @property
    def weights(self) -> dict[str, Floats]:
        names = ("first", "second", "third")
        return {
            key: array
            for name, (matrix, bias) in zip(names, self._layers, strict=True)
            for key, array in ((name, matrix), (f"{name}_bias", bias))
        }

    def shares(self, numbers: Floats, hidden: Floats) -> Floats:
        """How much each expert is trusted, rows that add up to 1, shape (rows, EXPERTS)."""
        x = gate_input(numbers, hidden)
        for matrix, bias in self._layers[:-1]:
            x = np.maximum(x @ matrix + bias, 0)
        matrix, bias = self._layers[-1]
        logits = x @ matrix + bias + closed(numbers)
        logits -= logits.max(axis=1, keepdims=True)
        trust = np.exp(logits)
        result: Floats = trust / trust.sum(axis=1, keepdims=True)
        return result
