"""Checkpoints of a pretraining run: weights, the optimisers' states and how far it is, in one safetensors file.

Written whole or not at all, and never pickled: reading one cannot run anything.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from dlcodegen_core.storage.files import write_atomically

FILE = "checkpoint.safetensors"
# What training longer can go on from: once the rate has fallen, a network has settled.
BEFORE_COOL_DOWN = "before-cool-down.safetensors"


@dataclass(slots=True)
class Progress:
    """How far a training is, over all its runs.

    seconds: time trained, pauses left out. smoothed_loss: of training, in nats. cool_down_from, cool_down_until: the
    times trained between which the learning rate falls, None before that begins.
    """

    seconds: float = 0.0
    steps: int = 0
    tokens: int = 0
    smoothed_loss: float | None = None
    cool_down_from: float | None = None
    cool_down_until: float | None = None


def save_checkpoint(folder: Path, tensors: dict[str, Tensor], progress: Progress, name: str = FILE) -> None:
    """Replace the folder's checkpoint of that name. Raises StorageError if the disk refuses; the old one then stays."""
    content = save(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()},
        {"progress": json.dumps(asdict(progress))},
    )
    write_atomically(folder / name, content)


def load_checkpoint(folder: Path, device: torch.device) -> tuple[dict[str, Tensor], Progress] | None:
    """The folder's checkpoint, None if there is none. Raises ValueError if it is none of ours."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt", device=str(device)) as file:
            progress = Progress(**json.loads(file.metadata()["progress"]))
            return {name: file.get_tensor(name) for name in file.keys()}, progress  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError, ValueError) as exc:
        raise ValueError(f"{path.name} is no checkpoint of a pretraining: {exc}. Move it away to begin anew.") from exc
