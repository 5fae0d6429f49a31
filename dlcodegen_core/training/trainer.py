"""The training loop: features and classes in, epochs out. Knows no file, no process and no screen.

Every epoch draws its own random numbers from the seed and its own number, so a training that was interrupted and
resumed takes exactly the steps of one that was not.
"""

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.errors import TrainingError
from dlcodegen_core.models.deepcodenet import DeepCodeNet
from dlcodegen_core.models.vocabulary import UNKNOWN

EVALUATION_ROWS = 4096


@dataclass(frozen=True, slots=True)
class Split:
    """One side of the data: features (samples, 544) and classes (samples,)."""

    features: Tensor
    classes: Tensor

    def __len__(self) -> int:
        return len(self.classes)


@dataclass(frozen=True, slots=True)
class EpochResult:
    """Mean cross-entropy and accuracy of one epoch; val_* are None without held-out samples."""

    epoch: int
    loss: float
    accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    best: bool

    @property
    def score(self) -> float:
        """What is made as small as possible to choose the epoch that is kept."""
        return self.loss if self.val_loss is None else self.val_loss


class Trainer:
    """Fits one DeepCodeNet. `epochs()` goes on from wherever the state stands."""

    def __init__(self, config: TrainConfig, classes: int, training: Split, held_out: Split) -> None:
        self._config = config
        self.training = training
        self.held_out = held_out
        torch.manual_seed(config.seed)
        self.network = DeepCodeNet(classes, config.hidden_layers, config.dropout)
        self._optimizer = torch.optim.Adam(self.network.parameters(), lr=config.learning_rate)
        self.results: list[EpochResult] = []
        self.best_weights: dict[str, Tensor] = copy.deepcopy(self.network.state_dict())

    @property
    def best(self) -> EpochResult | None:
        """The epoch whose weights are kept, None before the first."""
        return next((result for result in reversed(self.results) if result.best), None)

    def epochs(
        self, should_stop: Callable[[], bool] = lambda: False, now: Callable[[], float] = time.monotonic
    ) -> Iterator[EpochResult]:
        """Train epoch after epoch until all are done, patience or time runs out, or `should_stop` says so.

        An epoch that is stopped midway does not count. Asks `should_stop` after every batch.
        """
        deadline = math.inf if self._config.seconds is None else now() + self._config.seconds
        while len(self.results) < self._config.epochs and not self._out_of_patience():
            loss_and_hits = self._train_epoch(len(self.results) + 1, lambda: should_stop() or now() > deadline)
            if loss_and_hits is None:
                return
            yield self._record(*loss_and_hits)

    def state(self) -> dict[str, Any]:
        """Everything needed to go on later, as tensors and plain values."""
        return {
            "network": self.network.state_dict(),
            "best": self.best_weights,
            "optimizer": self._optimizer.state_dict()["state"],
            "results": self.results,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a state that `state()` gave for the same data and configuration."""
        self.network.load_state_dict(state["network"])
        self.best_weights = state["best"]
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": state["optimizer"], "param_groups": groups})
        self.results = list(state["results"])

    def _train_epoch(self, epoch: int, should_stop: Callable[[], bool]) -> tuple[float, float] | None:
        """Mean loss and accuracy over the batches of one epoch, or None if it was stopped."""
        torch.manual_seed(self._config.seed * 1_000_003 + epoch)
        self.network.train()
        loss_sum, hits = 0.0, 0
        batches = _batches(len(self.training), self._config.batch_size)
        # An epoch that is stopped midway is begun anew after a resume, so its first steps must leave no trace.
        parts = (self.network.state_dict(), self._optimizer.state_dict())
        before = copy.deepcopy(parts) if len(batches) > 1 else None
        for rows in batches:
            if should_stop():
                if before is not None:
                    self.network.load_state_dict(before[0])
                    self._optimizer.load_state_dict(before[1])
                return None
            classes = self.training.classes[rows]
            logits = self.network(self.training.features[rows])
            loss = functional.cross_entropy(logits, classes)
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self._optimizer.step()
            loss_sum += float(loss.detach()) * len(rows)
            hits += count_hits(logits.detach(), classes)
        drawn = sum(map(len, batches))
        if not math.isfinite(loss_sum):
            raise TrainingError(
                f"The training diverged in epoch {epoch}: its loss is no longer a number. "
                f"Lower the learning rate, now {self._config.learning_rate}, and start again."
            )
        return loss_sum / drawn, hits / drawn

    def _record(self, loss: float, accuracy: float) -> EpochResult:
        val_loss, val_accuracy = evaluate(self.network, self.held_out) if len(self.held_out) else (None, None)
        candidate = EpochResult(len(self.results) + 1, loss, accuracy, val_loss, val_accuracy, best=True)
        if self.best is not None and not candidate.score < self.best.score:
            candidate = EpochResult(candidate.epoch, loss, accuracy, val_loss, val_accuracy, best=False)
        else:
            self.best_weights = copy.deepcopy(self.network.state_dict())
        self.results.append(candidate)
        return candidate

    def _out_of_patience(self) -> bool:
        if self._config.patience is None or self.best is None:
            return False
        return len(self.results) - self.best.epoch >= self._config.patience


def evaluate(network: DeepCodeNet, split: Split) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of a network on a split, without learning from it."""
    network.eval()
    loss_sum, hits = 0.0, 0
    with torch.inference_mode():
        for start in range(0, len(split), EVALUATION_ROWS):
            logits = network(split.features[start : start + EVALUATION_ROWS])
            classes = split.classes[start : start + EVALUATION_ROWS]
            loss_sum += float(functional.cross_entropy(logits, classes, reduction="sum"))
            hits += count_hits(logits, classes)
    return loss_sum / len(split), hits / len(split)


def count_hits(logits: Tensor, classes: Tensor) -> int:
    """How many rows rank their true class first among the classes that may be offered; unknown never counts."""
    offered = logits.clone()
    offered[:, UNKNOWN] = -math.inf
    return int(((offered.argmax(dim=1) == classes) & (classes != UNKNOWN)).sum())


def _batches(samples: int, batch_size: int) -> list[Tensor]:
    """A random order of the samples, cut into batches of at least two rows, because BatchNorm needs two."""
    order = torch.randperm(samples)
    if samples == 1:
        return [order.repeat(2)]
    batches = list(order.split(max(2, batch_size)))
    if len(batches[-1]) == 1:
        last = batches.pop()
        batches[-1] = torch.cat((batches[-1], last))
    return batches
