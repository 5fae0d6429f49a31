"""`NetworkPass` with each step as one graph in ONNX Runtime, instead of a product at a time between NumPy's work.

The 8-bit matrices are the same, so the answers are; a step needs fewer calls and fewer copies. Two graphs, as there
are two kinds of packing: one for a few beams, one for a prompt.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.onnx_graph import one_thread_session
from dlcodegen_core.models.sequence.network_pass import Floats, Ints, Memory, NetworkPass
from dlcodegen_core.models.sequence.onnx_network import memory_graph
from dlcodegen_core.models.sequence.packed_matrix import MANY_ROWS, PackedMatrix


class OnnxNetworkPass(NetworkPass):
    """Immutable; threads may share it."""

    def __init__(self, weights: Mapping[str, NDArray[np.generic]], heads: int) -> None:
        """weights: the state dict of SmallTransformer. Raises KeyError or ValueError if they do not fit."""
        arrays = {name: np.asarray(array, np.float32) for name, array in weights.items()}
        self.embedding = arrays["embedding"]
        self.width = self.embedding.shape[1]
        self.layers = sum(name.startswith("attention_in.") for name in arrays)
        self._heads = heads
        self._output = PackedMatrix(self.embedding.T)
        self._few, self._many = (
            one_thread_session(memory_graph(arrays, heads, many_rows).SerializeToString())
            for many_rows in (False, True)
        )

    def _pass(self, tokens: Ints, memory: Memory | None, prompt: Memory | None = None) -> tuple[Floats, Memory]:
        batch, length = tokens.shape
        nothing = np.zeros((batch, self._heads, 0, self.width // self._heads), np.float32)
        given = {"embedded": self.embedding[tokens]}
        for layer in range(self.layers):
            given |= {
                f"keys.{layer}": memory.keys[layer] if memory else nothing,
                f"values.{layer}": memory.values[layer] if memory else nothing,
                f"last.{layer}": memory.last[layer][:, None] if memory else _no_last(batch, self.width),
                f"prompt_keys.{layer}": prompt.keys[layer] if prompt else nothing[:1],
                f"prompt_values.{layer}": prompt.values[layer] if prompt else nothing[:1],
            }
        session = self._few if batch * length < MANY_ROWS else self._many
        hidden, *made = session.run(None, given)
        return hidden, Memory(tuple(made[::3]), tuple(made[1::3]), tuple(last[:, 0] for last in made[2::3]))


def _no_last(batch: int, width: int) -> Floats:
    return np.zeros((batch, 0, width // 2), np.float32)
