"""DeepCodeNet: 544 features in, one code token out.

    544 -> 512 -> 256 -> 128 -> 64 -> vocabulary

Each hidden layer is Linear, ReLU, BatchNorm, Dropout, in this order, as the design has it. Knows nothing of text:
features come from `features/`, tokens from `vocabulary`.
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from dlcodegen_core.features.layout import DIMENSIONS


class DeepCodeNet(nn.Module):
    """A feed-forward classifier over code tokens.

    The features are first centred and scaled by the training split's mean and deviation, kept as buffers: counts
    and embedding numbers differ in size by two orders of magnitude, and would not be learned alike.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, classes: int, hidden_layers: Sequence[int] = (512, 256, 128, 64), dropout: float = 0.2) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(DIMENSIONS))
        self.register_buffer("scale", torch.ones(DIMENSIONS))
        widths = (DIMENSIONS, *hidden_layers)
        self.hidden = nn.Sequential(
            *(
                nn.Sequential(nn.Linear(width_in, width_out), nn.ReLU(), nn.BatchNorm1d(width_out), nn.Dropout(dropout))
                for width_in, width_out in itertools.pairwise(widths)
            )
        )
        self.output = nn.Linear(widths[-1], classes)

    def fit_scaling(self, features: Tensor) -> None:
        """Learn the mean and deviation of the training features, shape (samples, 544)."""
        deviation = features.std(dim=0, correction=0)
        self.mean.copy_(features.mean(dim=0))
        # A column that never varies in training says nothing: it stays silent whatever it holds later.
        self.scale.copy_(torch.where(deviation > 1e-6, 1 / deviation.clamp_min(1e-6), torch.zeros_like(deviation)))

    def forward(self, features: Tensor) -> Tensor:
        """Logits, shape (batch, classes), of features, shape (batch, 544)."""
        logits: Tensor = self.output(self.hidden((features - self.mean) * self.scale))
        return logits

    def size_bytes(self) -> int:
        """Bytes of the state dict as float32."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self.state_dict().values())
