"""Measures a network on fixed windows of the held-out packages: plain text, and the middles of gaps, apart."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from dlcodegen_core.models.sequence.network import SmallTransformer
from dlcodegen_core.models.sequence.tokenizer import CodeTokenizer
from pretraining.windows import WindowCutter

WINDOWS = 96
SEED = 7
BATCH = 12


class HeldOut:
    """The same windows every time, so that figures of different moments can be compared."""

    def __init__(
        self, stream: NDArray[np.uint16], newlines: NDArray[np.bool_], tokenizer: CodeTokenizer, device: torch.device
    ) -> None:
        cutter = WindowCutter(stream, newlines, SEED)
        plain = np.array([cutter.plain() for _ in range(WINDOWS)])
        gaps = [cutter.gap() for _ in range(WINDOWS)]
        filled = np.zeros((WINDOWS, plain.shape[1] - 1), bool)
        for row, gap in zip(filled, gaps, strict=True):
            row[gap.start - 1 : gap.end] = True  # the middle and the mark that closes it, as next tokens
        windows = np.concatenate([plain, [gap.tokens for gap in gaps]])
        self._windows = torch.from_numpy(windows).to(device)
        self._counted = {
            "plain": np.concatenate([np.ones_like(filled), np.zeros_like(filled)]),
            "gap": np.concatenate([np.zeros_like(filled), filled]),
        }
        characters = np.array([sum(byte & 0xC0 != 0x80 for byte in content) for content in tokenizer.bytes_of])
        self._characters = characters[windows[:, 1:]]

    @torch.no_grad()
    def measure(self, network: SmallTransformer) -> dict[str, float]:
        """Mean loss in nats and accuracy a token, and bits a character, of both kinds."""
        losses, right = [], []
        for batch in self._windows.split(BATCH):
            hidden = network(batch[:, :-1]).reshape(-1, network.shape.width)
            logits = hidden.float() @ network.embedding.T
            wanted = batch[:, 1:].reshape(-1)
            losses.append(functional.cross_entropy(logits, wanted, reduction="none").view(len(batch), -1).cpu())
            right.append((logits.argmax(1) == wanted).view(len(batch), -1).cpu())
        loss, hits = torch.cat(losses).numpy(), torch.cat(right).numpy()
        figures = {}
        for kind, counted in self._counted.items():
            figures[f"{kind}_loss"] = round(float(loss[counted].mean()), 4)
            figures[f"{kind}_accuracy"] = round(float(hits[counted].mean()), 4)
            bits = loss[counted].sum() / math.log(2)
            figures[f"{kind}_bits_per_character"] = round(float(bits / self._characters[counted].sum()), 4)
        return figures
