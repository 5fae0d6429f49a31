"""A matrix of 8-bit weights that rows are multiplied by, in ONNX Runtime.

A few beams are a few rows: the time goes into reading the weights, so a quarter of the bytes is a quarter of the time,
and OpenBLAS is slow at matrices of two to eight rows on top. There weights are rounded in blocks, each with a scale of
its own. A prompt is many rows, and calculating is what takes time: there the rows are rounded too, and all of a column
shares a scale.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BITS = 8
BLOCKS = (128, 64, 32, 16)  # inputs that share a scale; the largest that fits is taken
MANY_ROWS = 24
_MIDDLE = 1 << (BITS - 1)

Floats = NDArray[np.float32]


class PackedMatrix:
    """Call it with rows, shape (…, inputs); threads may share it."""

    def __init__(self, weights: Floats) -> None:
        """weights: shape (inputs, outputs). Raises ValueError if the inputs are no multiple of 16."""
        # Imported here: only who loads a sequence model needs it.
        from onnx import helper, numpy_helper

        inputs, self.outputs = weights.shape
        block = block_of(inputs)
        weights = np.asarray(weights, np.float32)
        packed, scales = rounded_in_blocks(weights, block)
        self._few = _session(
            helper.make_node(
                "MatMulNBits", ["rows", "packed", "scales"], ["result"], domain="com.microsoft",
                K=inputs, N=self.outputs, bits=BITS, block_size=block, accuracy_level=4,
            ),
            [numpy_helper.from_array(packed, "packed"), numpy_helper.from_array(scales, "scales")],
            inputs,
            self.outputs,
        )  # fmt: skip
        whole, scales = rounded_by_column(weights)
        self._many = _session(
            helper.make_node("DynamicQuantizeMatMul", ["rows", "packed", "scales"], ["result"], domain="com.microsoft"),
            [numpy_helper.from_array(whole, "packed"), numpy_helper.from_array(scales, "scales")],
            inputs,
            self.outputs,
        )

    def __call__(self, rows: Floats) -> Floats:
        flat = np.ascontiguousarray(rows, np.float32).reshape(-1, rows.shape[-1])
        session = self._few if len(flat) < MANY_ROWS else self._many
        result: Floats = session.run(None, {"rows": flat})[0]
        return result.reshape(*rows.shape[:-1], self.outputs)


def _session(node: Any, constants: list[Any], inputs: int, outputs: int) -> Any:
    """An ONNX Runtime session of one node, from `rows` to `result`."""
    import onnxruntime
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [node],
        "packed",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["count", inputs])],
        [helper.make_tensor_value_info("result", TensorProto.FLOAT, ["count", outputs])],
        constants,
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def block_of(inputs: int) -> int:
    """How many inputs share a scale. Raises ValueError if the inputs are no multiple of 16."""
    block = next((size for size in BLOCKS if inputs % size == 0), None)
    if block is None:
        raise ValueError(f"the matrix has {inputs} inputs, expected is a multiple of {BLOCKS[-1]}")
    return block


def rounded_by_column(weights: Floats) -> tuple[NDArray[np.int8], Floats]:
    """The weights as whole numbers, shape (inputs, outputs), and each output's scale, (outputs,)."""
    scales = np.maximum(np.abs(weights).max(axis=0), 1e-12) / (_MIDDLE - 1)
    return np.round(weights / scales).astype(np.int8), scales.astype(np.float32)


def rounded_in_blocks(weights: Floats, block: int) -> tuple[NDArray[np.uint8], Floats]:
    """The weights as whole numbers around 128, shape (outputs, blocks, block), and each block's scale, (outputs *
    blocks,)."""
    blocks = weights.T.reshape(weights.shape[1], -1, block)
    scales = np.maximum(np.abs(blocks).max(axis=2), 1e-12) / (_MIDDLE - 1)
    whole = np.clip(np.round(blocks / scales[..., None]) + _MIDDLE, 0, 2 * _MIDDLE - 1)
    return whole.astype(np.uint8), scales.astype(np.float32).ravel()
