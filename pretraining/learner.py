"""The network and its optimisers as one thing that makes steps, and that can be saved and restored.

The same steps as a fitting on a user's own source: Muon for the matrices, Adam for the embedding and the scale.
"""

import torch
from torch import Tensor

from dlcodegen_core.models.sequence.network import Muon, NetworkShape, SmallTransformer, best_dtype
from dlcodegen_core.training.sequence.network_fitting import FROM_SCRATCH

SHAPE = NetworkShape(vocabulary=8192, width=256, layers=4, heads=4)
_VELOCITY, _FIRST, _SECOND, _STEPS = "muon.", "adam.first.", "adam.second.", "adam.steps"


class Learner:
    """One network in training on a device."""

    def __init__(self, shape: NetworkShape, device: torch.device, seed: int) -> None:
        torch.manual_seed(seed)
        self.network = SmallTransformer(shape, best_dtype()).to_device(device)
        self._muon = Muon(self.network.matrices, FROM_SCRATCH.matrix_rate)
        self._adam = torch.optim.Adam(
            [
                {"params": [self.network.embedding], "lr": FROM_SCRATCH.embedding_rate},
                {"params": [self.network.scale], "lr": FROM_SCRATCH.matrix_rate},
            ],
            betas=(0.9, 0.95),
            fused=True,
        )

    def step(self, windows: Tensor, rate: float) -> Tensor:
        """Learn from windows, shape (B, T + 1), at a share of the full rates; returns the mean loss in nats."""
        loss = self.network.loss(windows)
        loss.backward()
        self._muon.step(rate)
        full_rates = (FROM_SCRATCH.embedding_rate, FROM_SCRATCH.matrix_rate)
        for group, full_rate in zip(self._adam.param_groups, full_rates, strict=True):
            group["lr"] = full_rate * rate
        self._adam.step()
        for parameter in self.network.parameters():
            parameter.grad = None
        return loss.detach()

    def tensors(self) -> dict[str, Tensor]:
        """All that a later run needs to go on: weights by their names in the network, and the optimisers' states."""
        tensors = dict(self.network.state_dict())
        for number, velocity in enumerate(self._velocities()):
            tensors[f"{_VELOCITY}{number}"] = velocity
        for name, parameter in self._stepped_by_adam().items():
            state = self._adam.state.get(parameter)
            if state:
                tensors[_FIRST + name], tensors[_SECOND + name] = state["exp_avg"], state["exp_avg_sq"]
                tensors[_STEPS] = state["step"]
        return tensors

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go on from what `tensors` gave. Raises ValueError if it is of another shape."""
        names = self.network.state_dict().keys()
        try:
            self.network.load_state_dict({name: tensors[name] for name in names})
            for number, velocity in enumerate(self._velocities()):
                velocity.copy_(tensors[f"{_VELOCITY}{number}"])
            if _STEPS in tensors:
                for name, parameter in self._stepped_by_adam().items():
                    self._adam.state[parameter] = {
                        "step": tensors[_STEPS].clone(),
                        "exp_avg": tensors[_FIRST + name].clone(),
                        "exp_avg_sq": tensors[_SECOND + name].clone(),
                    }
        except (KeyError, RuntimeError) as exc:
            raise ValueError(f"the checkpoint is of another network: {exc}") from exc

    def _velocities(self) -> list[Tensor]:
        # Fittings on a user's source never stop half-way, so Muon has no public way to save its state.
        return [velocity for group in self._muon._velocity for velocity in group]

    def _stepped_by_adam(self) -> dict[str, Tensor]:
        return {"embedding": self.network.embedding, "scale": self.network.scale}
