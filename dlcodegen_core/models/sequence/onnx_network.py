"""The small transformer as an ONNX graph: the calculation of `network`, node by node.

    network_graph   tokens (batch, time) -> logits (batch, time, vocabulary), in float32, to be used elsewhere
    memory_graph    embedded tokens, keys and values -> hidden states, keys and values, in 8 bits, for `OnnxNetworkPass`

The angles that turn queries and keys are calculated in the graph, so a window may have any length; the network was
trained on `CONTEXT` tokens at most.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.onnx_graph import OWN_DOMAIN, GraphBuilder
from dlcodegen_core.models.sequence.network_pass import EPSILON, ROTARY_BASE
from dlcodegen_core.models.sequence.packed_matrix import BITS, block_of, rounded_by_column, rounded_in_blocks

if TYPE_CHECKING:
    from onnx import ModelProto

AHEAD = -1e4  # what the network in PyTorch adds to the score of a later position
FLOAT = 1  # ONNX's number for it
END = 2**62  # a slice to the end

Floats = NDArray[np.float32]
Weights = Mapping[str, NDArray[np.generic]]
Product = Callable[[GraphBuilder, str, str], str]  # rows, name of a matrix -> rows times it


@dataclass(frozen=True, slots=True)
class LayerMemory:
    """Names of what one layer remembers, as `network_pass.Memory` has it; last: (batch, 0 or 1, width / 2)."""

    keys: str
    values: str
    last: str
    prompt_keys: str
    prompt_values: str


def network_graph(
    weights: Weights, heads: int, metadata: Mapping[str, str] | None = None, description: str = ""
) -> "ModelProto":
    """weights: the state dict of SmallTransformer. Raises KeyError or ValueError if they do not fit."""
    arrays = {name: np.asarray(array, np.float32) for name, array in weights.items()}
    vocabulary, width = arrays["embedding"].shape

    def product(graph: GraphBuilder, rows: str, name: str) -> str:
        return graph.add("MatMul", rows, graph.constant(name, arrays[name].T))

    graph = GraphBuilder("network")
    tokens = graph.input("tokens", np.int64, ("batch", "time"))
    embedding = graph.constant("embedding", arrays["embedding"])
    hidden = _Transformer(graph, arrays, heads, product).hidden(graph.add("Gather", embedding, tokens))
    # Input and output share one matrix, which is stored once: a Gemm turns it on the way.
    flat = graph.add("Reshape", hidden, graph.constant("rows", [-1, width], np.int64))
    logits = graph.add("Gemm", flat, embedding, transB=1)
    shape = graph.add(
        "Concat", graph.add("Shape", tokens), graph.constant("vocabulary", [vocabulary], np.int64), axis=0
    )
    graph.output("logits", graph.add("Reshape", logits, shape), np.float32, ("batch", "time", vocabulary))
    return graph.model(metadata, description)


def memory_graph(arrays: Mapping[str, Floats], heads: int, many_rows: bool) -> "ModelProto":
    """One step with the memory going in and out, over the same 8-bit matrices as `PackedMatrix`.

    arrays: the state dict of SmallTransformer. many_rows: for a prompt, which is many rows; else for a few beams.
    """

    def many(graph: GraphBuilder, rows: str, name: str) -> str:
        whole, scales = rounded_by_column(arrays[name].T)
        constants = graph.constant(name, whole, np.int8), graph.constant(f"{name}.scales", scales)
        return graph.add("DynamicQuantizeMatMul", rows, *constants, domain=OWN_DOMAIN)

    def few(graph: GraphBuilder, rows: str, name: str) -> str:
        outputs, inputs = arrays[name].shape
        block = block_of(inputs)
        whole, scales = rounded_in_blocks(arrays[name].T, block)
        constants = graph.constant(name, whole, np.uint8), graph.constant(f"{name}.scales", scales)
        sizes = {"K": inputs, "N": outputs, "bits": BITS, "block_size": block, "accuracy_level": 4}
        return graph.add("MatMulNBits", rows, *constants, domain=OWN_DOMAIN, **sizes)

    width = arrays["embedding"].shape[1]
    graph = GraphBuilder("network with memory")
    transformer = _Transformer(graph, arrays, heads, many if many_rows else few)
    embedded = graph.input("embedded", np.float32, ("batch", "time", width))
    shapes = {
        "keys": ("batch", heads, "past", width // heads),
        "values": ("batch", heads, "past", width // heads),
        "last": ("batch", "known", width // 2),
        "prompt_keys": (1, heads, "read", width // heads),
        "prompt_values": (1, heads, "read", width // heads),
    }
    memory = [
        LayerMemory(**{name: graph.input(f"{name}.{layer}", np.float32, shape) for name, shape in shapes.items()})
        for layer in range(transformer.layers)
    ]
    graph.output("hidden", transformer.hidden(embedded, memory), np.float32, ("batch", "time", width))
    for layer, (keys, values, last) in enumerate(transformer.remembered):
        graph.output(f"new_keys.{layer}", keys, np.float32, ("batch", heads, "whole", width // heads))
        graph.output(f"new_values.{layer}", values, np.float32, ("batch", heads, "whole", width // heads))
        graph.output(f"new_last.{layer}", last, np.float32, ("batch", 1, width // 2))
    return graph.model()


class _Transformer:
    """The layers, written into a graph. remembered: the names of each layer's keys, values and last position."""

    def __init__(self, graph: GraphBuilder, arrays: Mapping[str, Floats], heads: int, product: Product) -> None:
        self._graph = graph
        self._heads = heads
        self._product = product
        self._width = int(arrays["embedding"].shape[1])
        self._size = self._width // heads
        if self._size * heads != self._width:
            raise ValueError(f"width {self._width} does not fit {heads} heads")
        self.layers = sum(name.startswith("attention_in.") for name in arrays)
        self.remembered: list[tuple[str, str, str]] = []
        half = self._size // 2
        graph.constant("frequencies", (ROTARY_BASE ** (-np.arange(half) / half))[None])
        graph.constant("ones", np.ones(self._width))
        graph.constant("scale", np.full(self._width, arrays["scale"].reshape(())))
        for name, number in (("at 0", [0]), ("at 1", [1]), ("at -1", [-1]), ("0", 0), ("1", 1)):
            graph.constant(name, number, np.int64)

    def hidden(self, embedded: str, memory: list[LayerMemory] | None = None) -> str:
        """What the network makes of each position, (batch, time, width)."""
        add = self._graph.add
        time = add("Gather", add("Shape", embedded), "1")
        past = self._length(memory[0].keys) if memory else "0"
        offset = add("Add", past, self._length(memory[0].prompt_keys)) if memory else "0"
        positions = add("Add", add("Range", "0", time, "1"), offset)
        turn = add("Mul", add("Unsqueeze", add("Cast", positions, to=FLOAT), "at 1"), "frequencies")
        angles = add("Cos", turn), add("Sin", turn)
        ahead = self._ahead(time, past)
        x = self._norm(embedded)
        for layer in range(self.layers):
            mixed = self._attention(self._norm(x), layer, angles, ahead, memory[layer] if memory else None)
            x = add("Add", x, self._product(self._graph, mixed, f"attention_out.{layer}"))
            wide = add("Relu", self._product(self._graph, self._norm(x), f"expand.{layer}"))
            x = add("Add", x, self._product(self._graph, add("Mul", wide, wide), f"contract.{layer}"))
        return self._norm(x, "scale")

    def _attention(self, x: str, layer: int, angles: tuple[str, str], ahead: str, memory: LayerMemory | None) -> str:
        graph, add = self._graph, self._graph.add
        shifted, last = self._shifted(x, memory)
        parts = graph.constant("parts", [0, 0, 3, self._heads, self._size], np.int64)
        projected = add("Reshape", self._product(graph, shifted, f"attention_in.{layer}"), parts)
        turned = add("Transpose", projected, perm=[2, 0, 3, 1, 4])
        query, key, value = (add("Squeeze", part, "at 0") for part in graph.add_several("Split", turned, outputs=3))
        query, key = self._rotated(query, angles), self._rotated(key, angles)
        if memory:
            key, value = add("Concat", memory.keys, key, axis=2), add("Concat", memory.values, value, axis=2)
        self.remembered.append((key, value, last))
        query = add("Mul", query, graph.constant("root", self._size**-0.5))
        scores = add("Add", self._scores(query, key), ahead)
        if memory is None:
            mixed = add("MatMul", add("Softmax", scores), value)
        else:
            # The prompt is one for all beams, so its keys and values are not laid beside those of each beam.
            whole = add("Softmax", add("Concat", self._scores(query, memory.prompt_keys), scores, axis=3))
            lengths = [add("Shape", keys, start=2, end=3) for keys in (memory.prompt_keys, key)]
            of_prompt, own = graph.add_several("Split", whole, add("Concat", *lengths, axis=0), outputs=2, axis=3)
            mixed = add("Add", add("MatMul", of_prompt, memory.prompt_values), add("MatMul", own, value))
        joined = graph.constant("joined", [0, 0, self._width], np.int64)
        return add("Reshape", add("Transpose", mixed, perm=[0, 2, 1, 3]), joined)

    def _shifted(self, x: str, memory: LayerMemory | None) -> tuple[str, str]:
        """The first half of each position's numbers replaced by those of the position before; and that of the last."""
        graph, add = self._graph, self._graph.add
        first, second = graph.add_several("Split", x, outputs=2, axis=2)
        start = add("Slice", first, "at 0", "at 1", "at 1")
        if memory:
            start = add("Slice", add("Concat", memory.last, start, axis=1), "at 0", "at 1", "at 1")
        before = add("Concat", start, add("Slice", first, "at 0", "at -1", "at 1"), axis=1)
        last = add("Slice", first, "at -1", graph.constant("end", [END], np.int64), "at 1") if memory else ""
        return add("Concat", before, second, axis=2), last

    def _rotated(self, x: str, angles: tuple[str, str]) -> str:
        add, (cosine, sine) = self._graph.add, angles
        first, second = self._graph.add_several("Split", x, outputs=2, axis=3)
        one = add("Sub", add("Mul", first, cosine), add("Mul", second, sine))
        other = add("Add", add("Mul", first, sine), add("Mul", second, cosine))
        return add("Concat", one, other, axis=3)

    def _scores(self, query: str, key: str) -> str:
        return self._graph.add("MatMul", query, self._graph.add("Transpose", key, perm=[0, 1, 3, 2]))

    def _ahead(self, time: str, past: str) -> str:
        """What is added to the scores, (time, past + time): nothing, or much less where a position comes later."""
        add, constant = self._graph.add, self._graph.constant
        rows = add("Unsqueeze", add("Add", add("Range", "0", time, "1"), past), "at 1")
        columns = add("Unsqueeze", add("Range", "0", add("Add", time, past), "1"), "at 0")
        return add("Where", add("Less", rows, columns), constant("ahead", AHEAD), constant("nothing", 0.0))

    def _length(self, keys: str) -> str:
        return self._graph.add("Squeeze", self._graph.add("Shape", keys, start=2, end=3), "at 0")

    def _norm(self, x: str, scale: str = "ones") -> str:
        return self._graph.add("LayerNormalization", x, scale, axis=-1, epsilon=EPSILON)
