"""Fits the small transformer for so many seconds, or so many passes over the source, whichever ends first."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.network import CONTEXT, Muon, SmallTransformer
from dlcodegen_core.models.sequence.tokenizer import END_OF_FILE
from dlcodegen_core.training.sequence.thread_choice import ThreadChoice

WINDOWS_A_STEP = 6
WARM_UP_STEPS = 20
ROUND_SECONDS = 1.0

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a network is changed. matrix_rate: of Muon. embedding_rate: of Adam. cool_down: the share of the time
    in which the rates fall to nothing. passes: over the source at most, or a small one would be learned by heart.
    """

    matrix_rate: float
    embedding_rate: float
    cool_down: float
    passes: int


FROM_SCRATCH = Pace(matrix_rate=0.02, embedding_rate=0.004, cool_down=0.5, passes=8)
FINE_TUNING = Pace(matrix_rate=0.016, embedding_rate=0.008, cool_down=0.8, passes=4)


@dataclass(frozen=True, slots=True)
class Round:
    """About a second of fitting: how far it is (0..1), steps so far, mean loss in nats, accuracy on held-out text."""

    progress: float
    steps: int
    loss: float
    held_out_loss: float | None
    held_out_accuracy: float | None


class NetworkFitting:
    """One fitting run; `rounds` learns and reports."""

    def __init__(
        self,
        network: SmallTransformer,
        files: Sequence[Ints],
        held_out: Sequence[Ints],
        seed: int,
        pace: Pace = FROM_SCRATCH,
    ) -> None:
        self.network = network
        self._pace = pace
        self._device = network.embedding.device
        self._stream = torch.from_numpy(_stream(files))
        self._length = min(CONTEXT, max(1, len(self._stream) - 2))
        self._random = torch.Generator().manual_seed(seed)
        self._muon = Muon(network.matrices, pace.matrix_rate)
        self._adam = torch.optim.Adam(
            [
                {"params": [network.embedding], "lr": pace.embedding_rate},
                {"params": [network.scale], "lr": pace.matrix_rate},
            ],
            betas=(0.9, 0.95),
            fused=True,
        )
        self._held_out = some_windows(held_out, CONTEXT).to(self._device)

    def rounds(self, until: Callable[[], float], now: Callable[[], float], stop: Callable[[], bool]) -> Iterator[Round]:
        """Learn until `now()` reaches `until()`; one report a second and one at the end."""
        began, last, steps, seen = now(), now(), 0, 0
        losses: list[torch.Tensor] = []
        tokens = len(self._stream)
        threads = ThreadChoice(now)
        while True:
            span = max(1e-6, until() - began)
            progress = max((now() - began) / span, seen / (self._pace.passes * tokens))
            over = progress >= 1 or stop()
            if over or now() - last >= ROUND_SECONDS:
                last = now()
                loss = float(torch.stack(losses).mean()) if losses else float("nan")
                losses.clear()
                yield Round(min(1.0, progress), steps, loss, *self._measure())
                if over:
                    return
            rate = _rate(steps, progress, self._pace.cool_down)
            losses.append(threads.timed(lambda rate=rate: self._step(rate)))  # type: ignore[misc]  # bound at once
            steps += 1
            seen += WINDOWS_A_STEP * self._length

    def _step(self, rate: float) -> torch.Tensor:
        starts = torch.randint(0, max(1, len(self._stream) - self._length), (WINDOWS_A_STEP,), generator=self._random)
        windows = self._stream[starts[:, None] + torch.arange(self._length + 1)].to(self._device)
        loss = self.network.loss(windows)
        loss.backward()
        self._muon.step(rate)
        full_rates = (self._pace.embedding_rate, self._pace.matrix_rate)
        for group, full_rate in zip(self._adam.param_groups, full_rates, strict=True):
            group["lr"] = full_rate * rate
        self._adam.step()
        for parameter in self.network.parameters():
            parameter.grad = None
        return loss.detach()

    def _measure(self) -> tuple[float | None, float | None]:
        return measured_on(self.network, self._held_out)


@torch.no_grad()
def measured_on(network: SmallTransformer, windows: torch.Tensor) -> tuple[float | None, float | None]:
    """The network's mean loss in nats and its accuracy on windows, shape (windows, tokens + 1); None without any."""
    if not len(windows):
        return None, None
    hidden = network(windows[:, :-1]).reshape(-1, network.shape.width)
    logits = hidden.float() @ network.embedding.T
    wanted = windows[:, 1:].reshape(-1)
    loss = torch.nn.functional.cross_entropy(logits, wanted)
    return float(loss), float((logits.argmax(1) == wanted).float().mean())


def _rate(steps: int, progress: float, cool_down: float) -> float:
    """Share of the full learning rate: up over some steps, flat, then down to a fiftieth."""
    return min(1.0, (steps + 1) / WARM_UP_STEPS) * min(1.0, (1 - progress) / cool_down + 0.02)


def _stream(files: Sequence[Ints]) -> Ints:
    """All files one after the other, each between two END_OF_FILE."""
    return np.concatenate([[END_OF_FILE], *(np.append(file, END_OF_FILE) for file in files)]).astype(np.int64)


def some_windows(files: Sequence[Ints], length: int, most: int = 8) -> torch.Tensor:
    """Windows spread over the files, to measure on; shorter ones where there is less, none of less than two tokens."""
    stream = _stream(files)
    length = min(length, len(stream) - 2)
    if length < 1:
        return torch.zeros((0, length + 1), dtype=torch.int64)
    starts = np.unique(np.linspace(0, len(stream) - length - 2, most).astype(np.int64))
    return torch.from_numpy(stream[starts[:, None] + np.arange(length + 1)])
