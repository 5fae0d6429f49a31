"""Writes an ONNX graph node by node: names for what is in between, constants stored once, checked at the end.

Opset 17, the first with LayerNormalization, so that the runtimes of the last years read it. Knows no network.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from onnx import ModelProto
    from onnxruntime import InferenceSession

OPSET = 17
IR_VERSION = 8
PRODUCER = "dlcodegen"
OWN_DOMAIN = "com.microsoft"  # operators that only ONNX Runtime has

Dimension = int | str  # a number, or the name of one that may be anything


class GraphBuilder:
    """One graph in the making. `add` and `constant` return the name of what they made."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def input(self, name: str, dtype: type[np.generic], shape: Sequence[Dimension]) -> str:
        """An input of the graph."""
        self._inputs.append(_value(name, dtype, shape))
        return name

    def output(self, name: str, made: str, dtype: type[np.generic], shape: Sequence[Dimension]) -> None:
        """Give out what is called `made` under the name `name`."""
        self.add("Identity", made, output=name)
        self._outputs.append(_value(name, dtype, shape))

    def constant(self, name: str, value: ArrayLike, dtype: type[np.generic] = np.float32) -> str:
        """An array of the graph's own; one that is there under this name is kept."""
        from onnx import numpy_helper

        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.array(value, dtype), name)
        return name

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """A node with one output."""
        named = output or f"{operator}.{len(self._nodes)}"
        return self.add_several(operator, *inputs, outputs=(named,), **attributes)[0]

    def add_several(
        self, operator: str, *inputs: str, outputs: Sequence[str] | int, **attributes: Any
    ) -> Sequence[str]:
        """A node with several outputs, named, or as many as are asked for."""
        from onnx import helper

        if isinstance(outputs, int):
            outputs = [f"{operator}.{len(self._nodes)}.{number}" for number in range(outputs)]
        self._nodes.append(helper.make_node(operator, inputs, outputs, name=outputs[0], **attributes))
        return outputs

    def model(self, metadata: Mapping[str, str] | None = None, description: str = "") -> "ModelProto":
        """The finished graph. Raises onnx.checker.ValidationError if it is none, which is a mistake of ours."""
        from onnx import checker, helper

        graph = helper.make_graph(self._nodes, self._name, self._inputs, self._outputs, list(self._constants.values()))
        own = any(node.domain == OWN_DOMAIN for node in self._nodes)
        opsets = [helper.make_opsetid("", OPSET), *([helper.make_opsetid(OWN_DOMAIN, 1)] if own else [])]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name=PRODUCER, doc_string=description
        )
        helper.set_model_props(model, dict(metadata or {}))
        checker.check_model(model, full_check=not own)  # the shapes of its own operators only the runtime knows
        return model


def one_thread_session(content: bytes) -> "InferenceSession":
    """An ONNX Runtime session on one processor core: these products are too small to share out."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _value(name: str, dtype: type[np.generic], shape: Sequence[Dimension]) -> Any:
    from onnx import helper

    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), list(shape))
