"""DeepCodeNet: 544 features in, one code token out.

    544 -> 512 -> 256 -> 128 -> 64 -> vocabulary

Each hidden layer is Linear, ReLU, BatchNorm, Dropout, in this order, as the design has it. Knows nothing of text:
features come from `features/`, tokens from `vocabulary`.
"""

import itertools
from collections.abc import Sequence

from torch import Tensor, nn

from dlcodegen_core.features.layout import DIMENSIONS


class DeepCodeNet(nn.Module):
    """A feed-forward classifier over code tokens. Features go in as they are: centring and scaling them by the
    training split was measured to lower the held-out accuracy.
    """

    def __init__(self, classes: int, hidden_layers: Sequence[int] = (512, 256, 128, 64), dropout: float = 0.2) -> None:
        super().__init__()
        widths = (DIMENSIONS, *hidden_layers)
        self.hidden = nn.Sequential(
            *(
                nn.Sequential(nn.Linear(width_in, width_out), nn.ReLU(), nn.BatchNorm1d(width_out), nn.Dropout(dropout))
                for width_in, width_out in itertools.pairwise(widths)
            )
        )
        self.output = nn.Linear(widths[-1], classes)

    def forward(self, features: Tensor) -> Tensor:
        """Logits, shape (batch, classes), of features, shape (batch, 544)."""
        logits: Tensor = self.output(self.hidden(features))
        return logits
