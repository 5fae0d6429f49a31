"""The transformer from saved weights and back."""

import numpy as np
import torch
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.network import NetworkShape, SmallTransformer, best_dtype
from dlcodegen_core.models.sequence.saved_sequence import HEADS, Start


def network_of(start: Start | None, vocabulary: int) -> SmallTransformer:
    """The network of a start, or a new one."""
    if start is None:
        return SmallTransformer(NetworkShape(vocabulary, heads=HEADS), best_dtype())
    shape = NetworkShape(vocabulary, width=start.width, layers=start.layers, heads=HEADS)
    network = SmallTransformer(shape, best_dtype())
    network.load_state_dict({name: torch.from_numpy(array) for name, array in start.network.items()})
    return network


def weights_of(network: SmallTransformer) -> dict[str, NDArray[np.float32]]:
    """What is saved of a network."""
    return {name: value.detach().cpu().numpy() for name, value in network.state_dict().items()}
