"""DeepCodeNet on ONNX Runtime: the same answers as in NumPy and as in PyTorch."""

import numpy as np
import pytest
import torch

from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models.forward_pass import ForwardPass
from dlcodegen_core.models.onnx_forward_pass import OnnxForwardPass, deepcodenet_graph
from tests.models.test_forward_pass import as_arrays, lived_in

FEATURES = np.random.default_rng(1).normal(size=(20, DIMENSIONS)).astype(np.float32)


@pytest.fixture(scope="module", params=[(512, 256, 128, 64), (32,), (16, 8)])
def network(request):
    return lived_in(request.param, classes=50), request.param


@pytest.fixture(scope="module", params=[ForwardPass, lambda *parts: OnnxForwardPass(ForwardPass(*parts))])
def forward(request, network):
    """Either runtime: what follows holds for both."""
    return request.param(as_arrays(network[0]), network[1], 50)


def test_it_equals_pytorch(forward, network):
    with torch.inference_mode():
        expected = network[0](torch.from_numpy(FEATURES)).log_softmax(dim=1).numpy()
    found = forward.log_probabilities(FEATURES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.exp(found), np.exp(expected), atol=1e-5)
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_its_gradient_is_the_one_that_pytorch_derives(forward, network):
    inputs = torch.from_numpy(FEATURES).requires_grad_()
    network[0](inputs).log_softmax(dim=1)[:, 7].sum().backward()
    np.testing.assert_allclose(forward.gradient(FEATURES, 7), inputs.grad.numpy(), atol=1e-4)


def test_large_features_give_finite_log_probabilities(forward):
    assert np.isfinite(forward.log_probabilities(np.full((1, DIMENSIONS), 1e6, np.float32))).all()


def test_no_row_gives_no_answer(forward):
    assert forward.log_probabilities(FEATURES[:0]).shape == (0, 50)


def test_rows_of_every_layout_are_read(forward):
    turned = np.asfortranarray(FEATURES)
    np.testing.assert_allclose(forward.log_probabilities(turned), forward.log_probabilities(FEATURES), atol=1e-5)


def test_the_temperature_of_the_confidence_is_in_the_graph():
    network = lived_in((16, 8), classes=10)
    plain = ForwardPass(as_arrays(network), (16, 8), 10)
    cooled = ForwardPass(as_arrays(network), (16, 8), 10, temperature=2.0)
    with torch.inference_mode():
        expected = (network(torch.from_numpy(FEATURES)) / 2).log_softmax(dim=1).numpy()
    np.testing.assert_allclose(OnnxForwardPass(cooled).log_probabilities(FEATURES), expected, atol=1e-4)
    assert deepcodenet_graph(cooled) != deepcodenet_graph(plain)
