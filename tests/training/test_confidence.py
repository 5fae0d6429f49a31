"""The temperature of a network that was too sure, fitted on held-out samples."""

import numpy as np
import torch

from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models.deepcodenet import DeepCodeNet
from dlcodegen_core.training import confidence
from dlcodegen_core.training.confidence import calibrate_on
from dlcodegen_core.training.trainer import Split


def sure_of_itself(samples: int) -> tuple[DeepCodeNet, Split]:
    """A network that always says class 2 with great certainty, and samples of which half are."""
    network = DeepCodeNet(5, (8, 4), 0.0)
    with torch.no_grad():
        network.output.weight.zero_()
        network.output.bias.copy_(torch.tensor([0.0, 0, 8, 0, 0]))
    features = torch.from_numpy(np.random.default_rng(0).random((samples, DIMENSIONS), np.float32))
    return network, Split(features, torch.arange(samples) % 2 + 2)


def test_a_network_that_is_right_half_of_the_time_learns_to_say_so() -> None:
    found = calibrate_on(*sure_of_itself(200), list(range(200)))
    assert found is not None and found.temperature > 2
    assert found.reliability.error_before > 0.45 and found.reliability.error_after < 0.2


def test_nothing_held_out_means_no_temperature() -> None:
    network, _held_out = sure_of_itself(2)
    assert calibrate_on(network, Split(torch.zeros(0, DIMENSIONS), torch.zeros(0, dtype=torch.int64)), []) is None


def test_of_very_many_samples_some_spread_evenly_are_enough(monkeypatch) -> None:
    monkeypatch.setattr(confidence, "MOST_LOGITS", 250)
    found = calibrate_on(*sure_of_itself(200), list(range(200)))
    assert found is not None and found.reliability.samples == 50
