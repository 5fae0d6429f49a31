"""The state of an unfinished training in one safetensors file, so that it can go on after any kind of end.

Written atomically; a file that is damaged or belongs to other data or another configuration is not used.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dlcodegen_core.errors import TrainingError
from dlcodegen_core.storage.files import write_atomically
from dlcodegen_core.training.trainer import EpochResult


def save_checkpoint(path: Path, state: dict[str, Any], belongs_to: str) -> None:
    """Write a trainer's state. belongs_to: digest of the data and configuration. Raises StorageError."""
    from safetensors.torch import save

    tensors = {f"{part}/{name}": tensor for part in ("network", "best") for name, tensor in state[part].items()}
    for parameter, moments in state["optimizer"].items():
        tensors.update({f"optimizer/{parameter}/{name}": tensor for name, tensor in moments.items()})
    # Weights and best weights may share memory after the first epoch, which the format forbids.
    copies = {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
    results = json.dumps([asdict(result) for result in state["results"]])
    write_atomically(path, save(copies, metadata={"belongs_to": belongs_to, "results": results}))


def load_checkpoint(path: Path, belongs_to: str) -> dict[str, Any]:
    """Read a trainer's state back. Raises TrainingError if there is none that fits."""
    from safetensors import SafetensorError, safe_open

    state: dict[str, Any] = {"network": {}, "best": {}, "optimizer": {}, "results": []}
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("belongs_to") != belongs_to:
                raise TrainingError(
                    "The checkpoint belongs to other data or settings, so this training cannot be resumed. "
                    "Start it anew."
                )
            state["results"] = [EpochResult(**result) for result in json.loads(metadata["results"])]
            for key in file.keys():  # noqa: SIM118  # a safetensors file is not a mapping
                part, name = key.split("/", 1)
                if part == "optimizer":
                    parameter, moment = name.split("/")
                    state[part].setdefault(int(parameter), {})[moment] = file.get_tensor(key)
                else:
                    state[part][name] = file.get_tensor(key)
    except FileNotFoundError as exc:
        raise TrainingError("There is no checkpoint to resume from. Start the training anew.") from exc
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as exc:
        raise TrainingError("The checkpoint is damaged, so this training cannot be resumed. Start it anew.") from exc
    return state
