"""DeepCodeNet as an ONNX graph, and its forward pass on ONNX Runtime.

    features (batch, 544) float32 -> logits (batch, classes) float32

The layers are those of `ForwardPass`, each BatchNorm folded into the layer after it. Needs no PyTorch.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models.forward_pass import Array, ForwardPass
from dlcodegen_core.models.onnx_graph import GraphBuilder, one_thread_session

if TYPE_CHECKING:
    from onnx import ModelProto


def deepcodenet_graph(
    network: ForwardPass, metadata: Mapping[str, str] | None = None, description: str = ""
) -> "ModelProto":
    """The network as a graph with a batch of any size."""
    graph = GraphBuilder("DeepCodeNet")
    made = graph.input("features", np.float32, ("batch", DIMENSIONS))
    for number, (weight, bias) in enumerate(network.layers):
        if number:
            made = graph.add("Relu", made)
        names = graph.constant(f"weight.{number}", weight), graph.constant(f"bias.{number}", bias)
        made = graph.add("Gemm", made, *names)
    graph.output("logits", made, np.float32, ("batch", len(network.layers[-1][1])))
    return graph.model(metadata, description)


class OnnxForwardPass(ForwardPass):
    """Answers on ONNX Runtime. Gradients, which only explanations ask for, stay in NumPy. Threads may share it."""

    def __init__(self, network: ForwardPass) -> None:
        self.layers = network.layers
        self._session = one_thread_session(deepcodenet_graph(network).SerializeToString())

    def log_probabilities(self, features: Array) -> Array:
        """As `ForwardPass.log_probabilities`."""
        logits: Array = self._session.run(None, {"features": np.ascontiguousarray(features, np.float32)})[0]
        logits -= logits.max(axis=1, keepdims=True)
        result: Array = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return result
