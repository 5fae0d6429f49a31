"""The NumPy forward pass against its authority, PyTorch."""

import numpy as np
import pytest
import torch

from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models.deepcodenet import DeepCodeNet
from dlcodegen_core.models.forward_pass import ForwardPass


def lived_in(layers, classes):
    """A network whose BatchNorm statistics are not the ones it was born with."""
    torch.manual_seed(3)
    network = DeepCodeNet(classes, layers)
    for _ in range(5):
        network(torch.randn(32, DIMENSIONS) * 3 + 1)
    return network.eval()


def as_arrays(network):
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize("layers", [(512, 256, 128, 64), (32,), (16, 8)])
def test_it_equals_pytorch(layers):
    network = lived_in(layers, classes=50)
    features = np.random.default_rng(1).normal(size=(20, DIMENSIONS)).astype(np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(features)).log_softmax(dim=1).numpy()
    found = ForwardPass(as_arrays(network), layers, 50).log_probabilities(features)
    np.testing.assert_allclose(found, expected, atol=2e-4)
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


@pytest.mark.parametrize("layers", [(512, 256, 128, 64), (32,), (16, 8)])
def test_its_gradient_is_the_one_that_pytorch_derives(layers):
    network = lived_in(layers, classes=50)
    features = np.random.default_rng(2).normal(size=(20, DIMENSIONS)).astype(np.float32)
    inputs = torch.from_numpy(features).requires_grad_()
    network(inputs).log_softmax(dim=1)[:, 7].sum().backward()
    found = ForwardPass(as_arrays(network), layers, 50).gradient(features, 7)
    assert found.shape == features.shape and found.dtype == np.float32
    np.testing.assert_allclose(found, inputs.grad.numpy(), atol=1e-4)


def test_large_features_give_finite_log_probabilities():
    network = lived_in((16, 8), classes=10)
    found = ForwardPass(as_arrays(network), (16, 8), 10).log_probabilities(np.full((1, DIMENSIONS), 1e6, np.float32))
    assert np.isfinite(found).all()


def test_tensors_of_another_shape_are_refused():
    weights = as_arrays(lived_in((16, 8), classes=10))
    with pytest.raises(ValueError, match="shape"):
        ForwardPass(weights, (16, 9), 10)


def test_a_missing_tensor_is_refused():
    weights = as_arrays(lived_in((16, 8), classes=10))
    del weights["output.bias"]
    with pytest.raises(KeyError):
        ForwardPass(weights, (16, 8), 10)


def test_a_temperature_divides_the_logits_in_the_probabilities_and_in_the_gradient():
    network = lived_in((16, 8), classes=10)
    features = np.random.default_rng(3).normal(size=(6, DIMENSIONS)).astype(np.float32)
    inputs = torch.from_numpy(features).requires_grad_()
    expected = (network(inputs) / 2.5).log_softmax(dim=1)
    expected[:, 4].sum().backward()
    cooled = ForwardPass(as_arrays(network), (16, 8), 10, temperature=2.5)
    np.testing.assert_allclose(cooled.log_probabilities(features), expected.detach().numpy(), atol=1e-4)
    np.testing.assert_allclose(cooled.gradient(features, 4), inputs.grad.numpy(), atol=1e-4)
