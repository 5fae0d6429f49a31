"""A trained sequence model as arrays and back. Never unpickled; everything lies in one safetensors file.

tokenizer       its JSON as bytes
source.tokens   the training files, and source.order, their suffix array
source.paths    the names of the files as JSON, source.starts, their first tokens, and source.jumps, where their line
                numbers do not go on by one; versions saved before have none of these
network.*       the transformer's weights, as float16
gate.*          the gate's
calibration     slope, offset, lines
fills_gaps      1 if the network was trained to fill in the middle
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.calibration import Calibration
from dlcodegen_core.models.sequence.gate import Gate
from dlcodegen_core.models.sequence.network_pass import NetworkPass
from dlcodegen_core.models.sequence.sequence_model import SequenceModel
from dlcodegen_core.models.sequence.source_map import FileStarts, MappedSource
from dlcodegen_core.models.sequence.suffix_array import SuffixArray
from dlcodegen_core.models.sequence.tokenizer import CodeTokenizer
from dlcodegen_core.models.sequence.tokenizer_extension import extended, extended_embedding

HEADS = 4

Arrays = Mapping[str, NDArray[np.generic]]


def to_arrays(
    tokenizer: CodeTokenizer,
    source: SuffixArray,
    network: Arrays,
    gate: Gate,
    calibration: Calibration,
    fills_gaps: bool = False,
    files: FileStarts | None = None,
) -> dict[str, NDArray[np.generic]]:
    """All that `from_arrays` needs. network: the state dict of SmallTransformer. files: of the source, if known."""
    return {
        "tokenizer": np.frombuffer(tokenizer.to_json().encode(), np.uint8).copy(),
        "source.tokens": source.tokens,
        "source.order": source.order,
        "calibration": np.array([calibration.slope, calibration.offset, calibration.lines], np.float64),
        "fills_gaps": np.array([int(fills_gaps)], np.uint8),
        **{f"network.{name}": np.asarray(array, np.float16) for name, array in network.items()},
        **{f"gate.{name}": array for name, array in gate.weights.items()},
        **(files.to_arrays() if files else {}),
    }


@dataclass(frozen=True, slots=True)
class Start:
    """What another training can start from: a tokenizer, the weights of a network and of a gate that go with it."""

    tokenizer: CodeTokenizer
    network: dict[str, NDArray[np.float32]]
    gate: dict[str, NDArray[np.float32]]

    def extended(self, texts: Sequence[str], most: int) -> "Start":
        """The same with at most `most` tokens more, for what is frequent in these texts."""
        tokenizer, pairs = extended(self.tokenizer, texts, most)
        embedding = extended_embedding(self.network["embedding"], pairs)
        return Start(tokenizer, {**self.network, "embedding": embedding}, self.gate)

    @property
    def layers(self) -> int:
        return sum(name.startswith("attention_in.") for name in self.network)

    @property
    def width(self) -> int:
        return int(self.network["embedding"].shape[1])


def start_of(arrays: Arrays) -> Start:
    """What a training can start from. Raises KeyError or ValueError if the arrays are not those of such a model."""
    return Start(
        _tokenizer_of(arrays),
        {name: array.astype(np.float32) for name, array in _part(arrays, "network.").items()},
        {name: array.astype(np.float32) for name, array in _part(arrays, "gate.").items()},
    )


def from_arrays(arrays: Arrays, runtime: str = "numpy") -> tuple[SequenceModel, Calibration]:
    """The model and its calibration; its network steps in NumPy, or as one graph in ONNX Runtime.

    Raises KeyError or ValueError if the arrays are not those of such a model.
    """
    tokenizer = _tokenizer_of(arrays)
    tokens, order = arrays["source.tokens"], arrays["source.order"]
    if tokens.dtype != np.uint16 or order.dtype != np.int32 or len(tokens) == 0:
        raise ValueError(f"the source has types {tokens.dtype} and {order.dtype}, expected are uint16 and int32")
    if int(tokens.max()) >= len(tokenizer) or int(order.min()) < 0 or int(order.max()) > len(tokens):
        raise ValueError("the source holds tokens or positions that do not exist")
    files = FileStarts.from_arrays(arrays)
    source = MappedSource.of(tokens.astype(np.uint16, copy=False), order.astype(np.int32, copy=False), files, tokenizer)
    network = _network_of(_part(arrays, "network."), runtime)
    gate = Gate({name: array.astype(np.float32) for name, array in _part(arrays, "gate.").items()})
    if len(network.embedding) != len(tokenizer):
        raise ValueError(f"the network knows {len(network.embedding)} tokens, the tokenizer {len(tokenizer)}")
    slope, offset, lines = arrays["calibration"].tolist()
    fills_gaps = bool(arrays["fills_gaps"][0]) if "fills_gaps" in arrays else False  # earlier models have none
    return SequenceModel(tokenizer, source, network, gate, fills_gaps), Calibration(slope, offset, int(lines))


def _tokenizer_of(arrays: Arrays) -> CodeTokenizer:
    return CodeTokenizer.from_json(bytes(arrays["tokenizer"].astype(np.uint8)).decode())


def _network_of(weights: Arrays, runtime: str) -> NetworkPass:
    if runtime != "onnx":
        return NetworkPass(weights, HEADS)
    from dlcodegen_core.models.sequence.onnx_network_pass import OnnxNetworkPass

    return OnnxNetworkPass(weights, HEADS)


def _part(arrays: Arrays, prefix: str) -> dict[str, NDArray[np.generic]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
