"""A small transformer over the recent tokens, in PyTorch, built to learn much in seconds on a CPU.

Its choices: tied input and output embeddings; LayerNorm without parameters; half of each block's input comes from
the previous token (a shift that gives every layer bigrams for free); rotary positions; squared ReLU; attention as
plain matrix products, which at 256 tokens is faster on CPUs than the fused kernel; and a loss that never holds the
logits of the whole batch. Muon (Jordan et al., 2024) turns the matrices' steps into orthogonal ones, Adam steps the
embedding. bfloat16 where the machine multiplies it natively.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from dlcodegen_core.models.sequence.network_pass import CONTEXT, ROTARY_BASE


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """vocabulary: of the tokenizer. width: numbers a token. layers, heads, expansion: of the transformer."""

    vocabulary: int
    width: int = 256
    layers: int = 3
    heads: int = 4
    expansion: int = 4


class SmallTransformer(nn.Module):
    """Next-token network. `dtype` is what it calculates in; its parameters are float32."""

    def __init__(self, shape: NetworkShape, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.shape = shape
        self.dtype = dtype
        width, wide = shape.width, shape.width * shape.expansion
        self.embedding = nn.Parameter(torch.randn(shape.vocabulary, width) * 0.02)
        self.attention_in = _matrices(shape.layers, 3 * width, width, 0.7 / math.sqrt(width))
        self.attention_out = _matrices(shape.layers, width, width, 0.0)
        self.expand = _matrices(shape.layers, wide, width, 0.7 / math.sqrt(width))
        self.contract = _matrices(shape.layers, width, wide, 0.0)
        self.scale = nn.Parameter(torch.ones(1))
        cosine, sine = rotary_tables(CONTEXT, width // shape.heads)
        self._cosine, self._sine = cosine.to(dtype), sine.to(dtype)
        ahead = torch.full((CONTEXT, CONTEXT), -1e4).triu(1)
        self._ahead = ahead.to(dtype)

    def to_device(self, device: torch.device) -> "SmallTransformer":
        """Move everything, the tables included."""
        self._cosine, self._sine = self._cosine.to(device), self._sine.to(device)
        self._ahead = self._ahead.to(device)
        return self.to(device)

    @property
    def matrices(self) -> list[list[Tensor]]:
        """The parameters that Muon steps, those of one size together."""
        return [list(group) for group in (self.attention_in, self.attention_out, self.expand, self.contract)]

    def forward(self, tokens: Tensor) -> Tensor:
        """What the network makes of each position, shape (B, T, width), from token numbers, shape (B, T)."""
        width = self.shape.width
        x = _norm(functional.embedding(tokens, self.embedding).to(self.dtype))
        for layer in range(self.shape.layers):
            x = x + self._attention(_shifted(_norm(x)), layer)
            hidden = functional.relu(functional.linear(_norm(x), self.expand[layer].to(self.dtype)))
            x = x + functional.linear(hidden.square(), self.contract[layer].to(self.dtype))
        return functional.layer_norm(x, (width,)) * self.scale.to(self.dtype)

    def loss(self, tokens: Tensor) -> Tensor:
        """Mean cross-entropy, in nats, of each next token of the windows `tokens`, shape (B, T + 1)."""
        hidden = self(tokens[:, :-1]).reshape(-1, self.shape.width)
        loss: Tensor = _CrossEntropy.apply(hidden, self.embedding, tokens[:, 1:].reshape(-1))
        return loss

    def _attention(self, x: Tensor, layer: int) -> Tensor:
        batch, length, width = x.shape
        heads, size = self.shape.heads, width // self.shape.heads
        projected = functional.linear(x, self.attention_in[layer].to(self.dtype))
        query, key, value = projected.view(batch, length, 3, heads, size).permute(2, 0, 3, 1, 4)
        query, key = self._rotated(query), self._rotated(key)
        scores = torch.matmul(query * size**-0.5, key.transpose(-1, -2)) + self._ahead[:length, :length]
        mixed = torch.matmul(scores.softmax(-1), value).transpose(1, 2).reshape(batch, length, width)
        return functional.linear(mixed, self.attention_out[layer].to(self.dtype))

    def _rotated(self, x: Tensor) -> Tensor:
        cosine, sine = self._cosine[: x.shape[-2]], self._sine[: x.shape[-2]]
        first, second = x.chunk(2, dim=-1)
        return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


class Muon:
    """Momentum, made orthogonal by five Newton-Schulz steps, for groups of matrices of one size."""

    def __init__(self, groups: Sequence[Sequence[Tensor]], rate: float, momentum: float = 0.95) -> None:
        self._groups = groups
        self._rate = rate
        self._momentum = momentum
        self._velocity = [[torch.zeros_like(matrix) for matrix in group] for group in groups]

    @torch.no_grad()
    def step(self, share_of_rate: float) -> None:
        """One step by the gradients that the matrices hold."""
        for group, velocities in zip(self._groups, self._velocity, strict=True):
            for matrix, velocity in zip(group, velocities, strict=True):
                assert matrix.grad is not None
                velocity.lerp_(matrix.grad, 1 - self._momentum)
                direction = _orthogonal(matrix.grad.lerp(velocity, self._momentum))
                size = max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5
                matrix.add_(direction, alpha=-self._rate * share_of_rate * size)


def best_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it natively, else float32."""
    if torch.cuda.is_available():
        return torch.bfloat16
    capability = torch.cpu.get_capabilities()
    return torch.bfloat16 if capability.get("avx512_bf16") or capability.get("amx_bf16") else torch.float32


def rotary_tables(length: int, size: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the angles by position and by half of a head's numbers, shape (length, size / 2)."""
    frequencies = ROTARY_BASE ** (-torch.arange(size // 2) / (size // 2))
    angles = torch.arange(length)[:, None] * frequencies
    return angles.cos(), angles.sin()


class _CrossEntropy(torch.autograd.Function):
    """Softmax cross-entropy of `hidden @ embedding.T`, some rows at a time; the gradient is made on the way."""

    ROWS = 256

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, embedding: Tensor, targets: Tensor) -> Tensor:
        matrix = embedding.to(hidden.dtype)
        to_hidden, to_embedding = torch.empty_like(hidden), torch.zeros_like(embedding)
        total = torch.zeros((), device=hidden.device)
        for start in range(0, len(hidden), _CrossEntropy.ROWS):
            rows = hidden[start : start + _CrossEntropy.ROWS]
            wanted = targets[start : start + _CrossEntropy.ROWS]
            probabilities = torch.softmax(rows @ matrix.T, dim=1)
            place = torch.arange(len(rows), device=rows.device)
            total -= probabilities[place, wanted].float().clamp_min(1e-8).log().sum()
            probabilities[place, wanted] -= 1
            to_hidden[start : start + _CrossEntropy.ROWS] = probabilities @ matrix
            to_embedding += probabilities.T @ rows
        ctx.save_for_backward(to_hidden, to_embedding)
        ctx.rows = len(hidden)
        return total / len(hidden)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        to_hidden, to_embedding = ctx.saved_tensors
        share = gradients[0] / ctx.rows
        return to_hidden * share.to(to_hidden.dtype), to_embedding * share, None


def _orthogonal(matrix: Tensor) -> Tensor:
    """The nearest orthogonal matrix, roughly; the coefficients are those of Muon's authors."""
    x = matrix.to(torch.bfloat16) if best_dtype() is torch.bfloat16 else matrix
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _step in range(5):
        square = x @ x.T
        factor = torch.addmm(square, square, square, beta=-4.7750, alpha=2.0315)
        x = torch.addmm(x, factor, x, beta=3.4445)
    return (x.T if tall else x).to(matrix.dtype)


def _shifted(x: Tensor) -> Tensor:
    """The first half of each position's numbers replaced by those of the position before."""
    half = x.shape[-1] // 2
    before = torch.cat([x[:, :1, :half], x[:, :-1, :half]], dim=1)
    return torch.cat([before, x[:, :, half:]], dim=-1)


def _norm(x: Tensor) -> Tensor:
    return functional.layer_norm(x, (x.shape[-1],))


def _matrices(count: int, rows: int, columns: int, spread: float) -> nn.ParameterList:
    return nn.ParameterList(nn.Parameter(torch.randn(rows, columns) * spread) for _ in range(count))
