"""DeepCodeNet's shape: which layers, in which order, how wide and how large."""

import pytest
import torch
from torch import nn

from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models.deepcodenet import DeepCodeNet


def test_each_hidden_layer_is_linear_relu_batchnorm_dropout() -> None:
    for layer in DeepCodeNet(100).hidden:
        assert [type(part) for part in layer] == [nn.Linear, nn.ReLU, nn.BatchNorm1d, nn.Dropout]
        assert layer[2].num_features == layer[0].out_features
        assert layer[3].p == 0.2


def test_the_widths_go_from_544_features_down_to_the_classes() -> None:
    network = DeepCodeNet(100)
    linear = [layer[0] for layer in network.hidden] + [network.output]
    assert [part.in_features for part in linear] == [544, 512, 256, 128, 64]
    assert [part.out_features for part in linear] == [512, 256, 128, 64, 100]
    assert linear[0].in_features == DIMENSIONS


def test_other_widths_and_another_dropout_can_be_asked_for() -> None:
    network = DeepCodeNet(7, hidden_layers=(12, 5), dropout=0.5)
    assert [layer[0].out_features for layer in network.hidden] == [12, 5]
    assert [layer[3].p for layer in network.hidden] == [0.5, 0.5]
    assert network.output.out_features == 7


def test_with_a_hundred_classes_the_state_dict_takes_about_1_84_megabytes() -> None:
    size_bytes = sum(tensor.numel() * tensor.element_size() for tensor in DeepCodeNet(100).state_dict().values())
    assert size_bytes / 1e6 == pytest.approx(1.84, abs=0.03)


def test_features_become_one_row_of_logits_each() -> None:
    network = DeepCodeNet(9, hidden_layers=(4,)).eval()
    assert network(torch.zeros(3, DIMENSIONS)).shape == (3, 9)


def test_a_row_is_answered_the_same_alone_and_among_others() -> None:
    torch.manual_seed(0)
    network = DeepCodeNet(9, hidden_layers=(16, 8)).eval()
    rows = torch.randn(5, DIMENSIONS)
    with torch.inference_mode():
        torch.testing.assert_close(network(rows)[2], network(rows[2:3])[0])
