"""Graphs that are written node by node, and run."""

import numpy as np
import onnx
import pytest

from dlcodegen_core.models.onnx_graph import OPSET, GraphBuilder, one_thread_session


def _plus_two():
    graph = GraphBuilder("plus two")
    numbers = graph.input("numbers", np.float32, ("count",))
    two = graph.constant("two", 2.0)
    assert graph.constant("two", 3.0) == two  # the first one stays
    graph.output("sums", graph.add("Add", numbers, two), np.float32, ("count",))
    return graph


def test_a_graph_calculates_what_was_written():
    session = one_thread_session(_plus_two().model().SerializeToString())
    assert session.run(None, {"numbers": np.array([1, 2], np.float32)})[0].tolist() == [3, 4]
    assert session.run(None, {"numbers": np.zeros(0, np.float32)})[0].tolist() == []


def test_a_model_carries_its_metadata_and_opset():
    model = _plus_two().model({"version": "v1"}, "adds two")
    assert {prop.key: prop.value for prop in model.metadata_props} == {"version": "v1"}
    assert model.doc_string == "adds two"
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", OPSET)]


def test_a_graph_that_is_none_is_refused_at_once():
    graph = GraphBuilder("broken")
    graph.output("sums", graph.add("Add", "nobody", "nothing"), np.float32, ("count",))
    with pytest.raises(onnx.checker.ValidationError):
        graph.model()
