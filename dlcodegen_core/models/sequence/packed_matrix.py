"""A matrix of 8-bit weights that rows are multiplied by, in ONNX Runtime.

A few beams are a few rows: the time goes into reading the weights, so a quarter of the bytes is a quarter of the time,
and OpenBLAS is slow at matrices of two to eight rows on top. Weights are rounded in blocks, each with a scale of its
own; see `benchmarks.packed_matrix` for what it saves and costs.
"""

import numpy as np
from numpy.typing import NDArray

BITS = 8
BLOCKS = (128, 64, 32, 16)  # inputs that share a scale; the largest that fits is taken
_MIDDLE = 1 << (BITS - 1)

Floats = NDArray[np.float32]


class PackedMatrix:
    """Call it with rows, shape (…, inputs); threads may share it."""

    def __init__(self, weights: Floats) -> None:
        """weights: shape (inputs, outputs). Raises ValueError if the inputs are no multiple of 16."""
        # Imported here: only who loads a sequence model needs them.
        import onnxruntime
        from onnx import TensorProto, helper, numpy_helper

        inputs, self.outputs = weights.shape
        block = next((size for size in BLOCKS if inputs % size == 0), None)
        if block is None:
            raise ValueError(f"the matrix has {inputs} inputs, expected is a multiple of {BLOCKS[-1]}")
        packed, scales = _rounded(np.asarray(weights, np.float32), block)
        node = helper.make_node(
            "MatMulNBits", ["rows", "packed", "scales"], ["result"], domain="com.microsoft",
            K=inputs, N=self.outputs, bits=BITS, block_size=block, accuracy_level=4,
        )  # fmt: skip
        graph = helper.make_graph(
            [node],
            "packed",
            [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["count", inputs])],
            [helper.make_tensor_value_info("result", TensorProto.FLOAT, ["count", self.outputs])],
            [numpy_helper.from_array(packed, "packed"), numpy_helper.from_array(scales, "scales")],
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, rows: Floats) -> Floats:
        flat = np.ascontiguousarray(rows, np.float32).reshape(-1, rows.shape[-1])
        result: Floats = self._session.run(None, {"rows": flat})[0]
        return result.reshape(*rows.shape[:-1], self.outputs)


def _rounded(weights: Floats, block: int) -> tuple[NDArray[np.uint8], Floats]:
    """The weights as whole numbers around 128, shape (outputs, blocks, block), and each block's scale, (outputs *
    blocks,)."""
    blocks = weights.T.reshape(weights.shape[1], -1, block)
    scales = np.maximum(np.abs(blocks).max(axis=2), 1e-12) / (_MIDDLE - 1)
    whole = np.clip(np.round(blocks / scales[..., None]) + _MIDDLE, 0, 2 * _MIDDLE - 1)
    return whole.astype(np.uint8), scales.astype(np.float32).ravel()
