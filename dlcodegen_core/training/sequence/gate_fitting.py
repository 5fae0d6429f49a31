"""Fits the gate on text that the counts have not seen; on text they have, it would learn to trust memory too much.

First every position's evidence is written down once: each expert's probability of the true token, and what the gate
sees. The loss is then only a weighted sum a row, so many passes cost seconds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dlcodegen_core.models.sequence.copying import copied_along
from dlcodegen_core.models.sequence.corpus_counts import CorpusCounts
from dlcodegen_core.models.sequence.gate import (
    EXPERTS,
    NETWORK,
    NETWORK_NUMBERS,
    NUMBERS,
    closed,
    gate_input,
)
from dlcodegen_core.models.sequence.neighbours import NeighbourIndex
from dlcodegen_core.models.sequence.network import SmallTransformer
from dlcodegen_core.models.sequence.network_pass import SHORTEST_WINDOW, WINDOW_STEP, window_start
from dlcodegen_core.models.sequence.sequence_model import ENTROPY_SCALE

HIDDEN = 128
BATCH = 512
PASSES = 6
RATE, RATE_FROM_START = 2e-3, 1e-3
NAMES = ("first", "second", "third")
WARM_UP, COOL_DOWN = 0.1, 0.6  # shares of the steps in which the rate rises and falls
ROWS_FOR_ALL_PASSES = 4000
LEAST_PROBABILITY = 1e-9

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class GateRows:
    """One row a token: the shares (rows, EXPERTS) that it got, numbers (rows, NUMBERS) and hidden (rows, width)."""

    shares: Floats
    numbers: Floats
    hidden: Floats

    def __len__(self) -> int:
        return len(self.shares)

    @staticmethod
    def join(parts: "Sequence[GateRows]") -> "GateRows":
        return GateRows(
            np.concatenate([part.shares for part in parts]),
            np.concatenate([part.numbers for part in parts]),
            np.concatenate([part.hidden for part in parts]),
        )


class EvidenceWriter:
    """Writes down the evidence along whole files."""

    def __init__(self, counts: CorpusCounts, index: NeighbourIndex, network: SmallTransformer, unigram: Floats) -> None:
        self._counts = counts
        self._index = index
        self._network = network
        self._unigram = unigram

    def rows(self, files: Sequence[Ints]) -> GateRows:
        """The evidence for each token of the files from what stands before it; several at once cost less."""
        tokens = np.concatenate(files)
        counted, counted_numbers = self._counts.along(files)
        along = [copied_along(file, self._index.passages) for file in files]
        copied, copied_numbers = (np.concatenate(parts) for parts in zip(*along, strict=True))
        hidden = hidden_along(self._network, files)
        of_network, network_numbers = _network_along(self._network, hidden, tokens)
        rest = np.stack([of_network, self._unigram[tokens], np.full(len(tokens), 1 / len(self._unigram))], axis=1)
        return GateRows(
            np.concatenate([counted, copied, rest], axis=1, dtype=np.float32),
            np.concatenate([counted_numbers, copied_numbers, network_numbers], axis=1, dtype=np.float32),
            hidden,
        )


def of_network(rows: GateRows, network: SmallTransformer, files: Sequence[Ints]) -> GateRows:
    """The same rows, of the same files, with another network's evidence."""
    hidden = hidden_along(network, files)
    share, numbers = _network_along(network, hidden, np.concatenate(files))
    shares = rows.shares.copy()
    shares[:, NETWORK] = share
    return GateRows(shares, np.concatenate([rows.numbers[:, :-NETWORK_NUMBERS], numbers], axis=1), hidden)


def fit_gate(
    rows: GateRows,
    seed: int,
    progress: Callable[[int, int], None],
    time_left: Callable[[], float] = lambda: 1.0,
    start: Mapping[str, Floats] | None = None,
) -> dict[str, Floats]:
    """The weights of a Gate that gives the true tokens of `rows` the most probability.

    time_left: from 1 down to 0, the share of the time for this that is left; at 0 it ends with what it has.
    start: the weights of a gate to begin with; without, it begins with the fixed preference alone.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # steps this small are slower on two, and far slower if anything else runs
    try:
        return _fit_gate(rows, seed, progress, time_left, start)
    finally:
        torch.set_num_threads(threads)


def _fit_gate(
    rows: GateRows,
    seed: int,
    progress: Callable[[int, int], None],
    time_left: Callable[[], float],
    start: Mapping[str, Floats] | None,
) -> dict[str, Floats]:
    generator = torch.Generator().manual_seed(seed)
    inputs = NUMBERS + rows.hidden.shape[1]
    torch.manual_seed(seed)
    layers = [nn.Linear(inputs, HIDDEN), nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, EXPERTS)]
    if start is None:
        # Starts as the fixed preference alone; a small source moves it little.
        nn.init.zeros_(layers[2].weight)
        nn.init.zeros_(layers[2].bias)
    else:
        layers = gate_layers(start)
    full_rate = RATE if start is None else RATE_FROM_START
    network = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
    seen = torch.from_numpy(gate_input(rows.numbers, rows.hidden))
    bias, shares = torch.from_numpy(closed(rows.numbers)), torch.from_numpy(rows.shares)
    few = min(1.0, len(rows) / ROWS_FOR_ALL_PASSES)
    steps = int(PASSES * few * len(rows)) // BATCH
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01, fused=True)
    for step in range(steps):
        left = min(1 - step / steps, time_left())
        if left <= 0:
            break
        rate = full_rate * min(1.0, (step + 1) / max(1, WARM_UP * steps), left / COOL_DOWN)
        optimiser.param_groups[0]["lr"] = rate
        chosen = torch.randint(0, len(rows), (BATCH,), generator=generator)
        trust = (network(seen[chosen]) + bias[chosen]).softmax(dim=1)
        loss = -(trust * shares[chosen]).sum(dim=1).clamp_min(LEAST_PROBABILITY).log().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 50 == 0:
            progress(step, steps)
    return gate_weights(layers)


def gate_layers(weights: Mapping[str, Floats]) -> list[nn.Linear]:
    """The layers of a gate, to be fitted further."""
    layers = []
    for name in NAMES:
        layer = nn.Linear(*weights[name].shape)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weights[name].T))
            layer.bias.copy_(torch.from_numpy(weights[f"{name}_bias"]))
        layers.append(layer)
    return layers


def gate_weights(layers: Sequence[nn.Linear]) -> dict[str, Floats]:
    """What is saved of a gate."""
    weights: dict[str, Floats] = {}
    for name, layer in zip(NAMES, layers, strict=True):
        weights[name] = layer.weight.detach().numpy().T.copy()
        weights[f"{name}_bias"] = layer.bias.detach().numpy().copy()
    return weights


@torch.inference_mode()
def hidden_along(network: SmallTransformer, files: Sequence[Ints], batch: int = 16) -> Floats:
    """What the network makes of everything before each token of its file, shape (tokens of all files, width), in the
    windows that answering uses."""
    length = SHORTEST_WINDOW + WINDOW_STEP
    windows: list[Ints] = []
    parts: list[tuple[int, int]] = []  # of each window, the positions that no window before it had
    for file in files:
        whole = np.concatenate([[0], file[:-1]])
        done = 0
        while done < len(file):
            start = window_start(done)
            window = whole[start : start + length]
            windows.append(np.pad(window, (0, length - len(window))))
            parts.append((done - start, len(window)))
            done = start + len(window)
    tokens = torch.from_numpy(np.array(windows)).to(network.embedding.device)
    made = [network(tokens[first : first + batch]).float().cpu().numpy() for first in range(0, len(tokens), batch)]
    rows = (row for some in made for row in some)
    return np.concatenate([row[new:end] for row, (new, end) in zip(rows, parts, strict=True)])


@torch.inference_mode()
def _network_along(network: SmallTransformer, hidden: Floats, tokens: Ints, rows: int = 1024) -> tuple[Floats, Floats]:
    """The network's probability of each token, shape (n,), and its numbers for the gate, shape (n, 2)."""
    device = network.embedding.device
    share = np.zeros(len(tokens), np.float32)
    numbers = np.zeros((len(tokens), NETWORK_NUMBERS), np.float32)
    matrix = network.embedding.to(network.dtype).T
    for start in range(0, len(tokens), rows):
        part = slice(start, start + rows)
        logits = (torch.from_numpy(hidden[part]).to(device, network.dtype) @ matrix).float()
        log_probabilities = logits.log_softmax(dim=1)
        probabilities = log_probabilities.exp()
        place = torch.arange(len(logits), device=device)
        share[part] = probabilities[place, torch.from_numpy(tokens[part]).to(device)].cpu().numpy()
        numbers[part, 0] = probabilities.amax(dim=1).cpu().numpy()
        numbers[part, 1] = (-ENTROPY_SCALE * (probabilities * log_probabilities).sum(dim=1)).cpu().numpy()
    return share, numbers
