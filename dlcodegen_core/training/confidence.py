"""The last step of a training: how sure DeepCodeNet may be of itself, measured on the held-out samples."""

from collections.abc import Hashable, Sequence

import numpy as np
import torch

from dlcodegen_core.models.deepcodenet import DeepCodeNet
from dlcodegen_core.models.temperature import Calibrated, calibrate
from dlcodegen_core.training.trainer import EVALUATION_ROWS, Split

MOST_LOGITS = 2_000_000  # 16 MB; of more, samples spread evenly are taken


def calibrate_on(network: DeepCodeNet, held_out: Split, files: Sequence[Hashable]) -> Calibrated | None:
    """Fit a temperature for the network; files[i] names the file that held-out sample i comes from.

    None without enough held-out samples.
    """
    if not len(held_out):
        return None
    most = max(1, MOST_LOGITS // network.output.out_features)
    rows = torch.from_numpy(np.linspace(0, len(held_out) - 1, min(len(held_out), most)).round().astype(np.int64))
    network.eval()
    with torch.inference_mode():
        parts = [network(held_out.features[piece]) for piece in rows.split(EVALUATION_ROWS)]
    return calibrate(torch.cat(parts).numpy(), held_out.classes[rows].numpy(), [files[row] for row in rows.tolist()])
