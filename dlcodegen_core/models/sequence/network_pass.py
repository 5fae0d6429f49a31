"""The small transformer without PyTorch, for answering: reads a prompt once, keeps its keys and values, then goes on
token by token for several beams at once. NumPy, and ONNX Runtime for the products with its matrices.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.packed_matrix import PackedMatrix

CONTEXT = 256  # tokens seen at once in training
SHORTEST_WINDOW = 96  # tokens read of a long prompt, at least
WINDOW_STEP = 96  # windows begin at multiples of this, so that typing on keeps what was read
ROTARY_BASE = 10_000.0
EPSILON = 1e-5  # of PyTorch's layer_norm

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Memory:
    """Keys and values of what was read, by layer, and the shifted half of the last position's input.

    keys, values: (beams, heads, positions, size). last: (beams, width / 2).
    """

    keys: tuple[Floats, ...]
    values: tuple[Floats, ...]
    last: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A prompt that was read: its memory, of one beam, and what the network makes of its last token, (1, width)."""

    tokens: tuple[int, ...]
    memory: Memory
    hidden: Floats


def window_start(position: int) -> int:
    """Where the network begins to read to predict the token at `position` (0-based, the file's start token counted)."""
    return max(0, (position - SHORTEST_WINDOW) // WINDOW_STEP * WINDOW_STEP)


class NetworkPass:
    """Immutable; threads may share it."""

    def __init__(self, weights: Mapping[str, NDArray[np.generic]], heads: int, exact: bool = False) -> None:
        """weights: the state dict of SmallTransformer. exact: multiply in float32, which is several times slower than
        with weights rounded to 8 bits. Raises KeyError or ValueError if the weights do not fit.
        """
        arrays = {name: np.asarray(array, np.float32) for name, array in weights.items()}
        self.embedding = arrays["embedding"]
        self.width = self.embedding.shape[1]
        pack = _in_full if exact else PackedMatrix
        self._scale = np.float32(arrays["scale"].reshape(()))
        self.layers = sum(name.startswith("attention_in.") for name in arrays)
        parts = ("attention_in", "attention_out", "expand", "contract")
        matrices = [[arrays[f"{part}.{layer}"].T for part in parts] for layer in range(self.layers)]
        self._heads = heads
        size = self.width // heads
        if size * heads != self.width or any(first.shape != (self.width, 3 * self.width) for first, *_rest in matrices):
            raise ValueError(f"width {self.width} does not fit {heads} heads")
        self._matrices = [tuple(pack(matrix) for matrix in layer) for layer in matrices]
        self._output = pack(self.embedding.T)
        frequencies = ROTARY_BASE ** (-np.arange(size // 2) / (size // 2))
        angles = np.arange(2 * CONTEXT)[:, None] * frequencies
        cosine, sine = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
        self._cosine, self._sine = np.concatenate([cosine, cosine], axis=1), np.concatenate([-sine, sine], axis=1)
        self._ahead = np.triu(np.full((2 * CONTEXT, 2 * CONTEXT), -1e4, np.float32), 1)

    def read(self, tokens: Sequence[int], before: Reading | None = None) -> Reading:
        """Read a prompt (its latest tokens); what `before` has read already is not read again if it is a beginning."""
        wanted = tuple(int(token) for token in tokens)
        if before is not None and len(before.tokens) <= len(wanted) and wanted[: len(before.tokens)] == before.tokens:
            new = wanted[len(before.tokens) :]
            if not new:
                return before
            hidden, memory = self._pass(np.array([new]), before.memory)
        else:
            hidden, memory = self._pass(np.array([wanted]), None)
        return Reading(wanted, memory, hidden[:, -1])

    def go_on(self, prompt: Memory, grown: Memory | None, beams: Ints, tokens: Ints) -> tuple[Floats, Memory]:
        """One more token for each beam: what the network makes of it, (beams, width), and the beams' new memory.

        prompt: shared by all beams. grown: of the tokens generated so far. beams: which earlier beam each new one
        goes on from.
        """
        if grown is None:
            half, heads, size = self.width // 2, self._heads, self.width // self._heads
            empty = tuple(np.zeros((1, heads, 0, size), np.float32) for _layer in range(self.layers))
            last = tuple(np.broadcast_to(row, (1, half)) for row in prompt.last)
            grown = Memory(empty, empty, last)
        picked = Memory(
            tuple(keys[beams] for keys in grown.keys),
            tuple(values[beams] for values in grown.values),
            tuple(row[beams] for row in grown.last),
        )
        hidden, memory = self._pass(tokens[:, None], picked, prompt)
        return hidden[:, 0], memory

    def log_probabilities(self, hidden: Floats) -> Floats:
        """Of every token of the vocabulary, shape (rows, vocabulary)."""
        logits = self._output(hidden)
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return logits

    def along(self, tokens: Ints) -> Floats:
        """What the network makes of everything before each token of a file, shape (n, width); as `read` would."""
        whole = np.concatenate([[0], tokens])
        hidden = np.zeros((len(tokens), self.width), np.float32)
        done = 0
        while done < len(tokens):
            start = window_start(done)
            end = min(len(tokens), start + SHORTEST_WINDOW + WINDOW_STEP)
            made, _memory = self._pass(whole[None, start:end], None)
            hidden[done:end] = made[0, done - start :]
            done = end
        return hidden

    def _pass(self, tokens: Ints, memory: Memory | None, prompt: Memory | None = None) -> tuple[Floats, Memory]:
        """Hidden states of new tokens, (B, T, width), and the memory with them in it."""
        batch, length = tokens.shape
        past = memory.keys[0].shape[2] if memory else 0
        offset = past + (prompt.keys[0].shape[2] if prompt else 0)
        half = self.width // 2
        x = _norm(self.embedding[tokens])
        keys, values, lasts = [], [], []
        for layer, (attention_in, attention_out, expand, contract) in enumerate(self._matrices):
            normed = _norm(x)
            shifted = normed.copy()
            shifted[:, 1:, :half] = normed[:, :-1, :half]
            if memory is not None:
                shifted[:, 0, :half] = memory.last[layer]
            lasts.append(normed[:, -1, :half])
            size = self.width // self._heads
            projected = attention_in(shifted).reshape(batch, length, 3, self._heads, size).transpose(2, 0, 3, 1, 4)
            query, key = self._rotated(projected[:2], offset)
            value = projected[2]
            if memory is not None:
                key = np.concatenate([memory.keys[layer], key], axis=2)
                value = np.concatenate([memory.values[layer], value], axis=2)
            keys.append(key)
            values.append(value)
            mixed = self._attend(query * np.float32(size**-0.5), key, value, prompt, layer, past)
            x = x + attention_out(mixed)
            hidden = np.maximum(expand(_norm(x)), 0)
            x = x + contract(np.square(hidden, out=hidden))
        return _norm(x) * self._scale, Memory(tuple(keys), tuple(values), tuple(lasts))

    def _attend(
        self, query: Floats, key: Floats, value: Floats, prompt: Memory | None, layer: int, past: int
    ) -> Floats:
        batch, heads, length, size = query.shape
        scores = query @ key.transpose(0, 1, 3, 2)
        if length > 1:
            scores += self._ahead[past : past + length, : past + length]
        if prompt is not None:
            scores = np.concatenate([query @ prompt.keys[layer].transpose(0, 1, 3, 2), scores], axis=3)
        scores -= scores.max(axis=3, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=3, keepdims=True)
        if prompt is None:
            mixed = scores @ value
        else:
            read = prompt.keys[layer].shape[2]
            mixed = scores[..., :read] @ prompt.values[layer] + scores[..., read:] @ value
        joined = mixed.transpose(0, 2, 1, 3).reshape(batch, length, heads * size)
        return np.asarray(joined, np.float32)

    def _rotated(self, x: Floats, offset: int) -> Floats:
        """Queries and keys turned by the angles of their positions; the two halves of a head's numbers are pairs."""
        cosine, sine = self._cosine[offset : offset + x.shape[-2]], self._sine[offset : offset + x.shape[-2]]
        half = x.shape[-1] // 2
        swapped = np.concatenate([x[..., half:], x[..., :half]], axis=-1)
        swapped *= sine
        swapped += x * cosine
        return swapped


def _in_full(matrix: Floats) -> Callable[[Floats], Floats]:
    """The product with a matrix as it is."""
    contiguous = np.ascontiguousarray(matrix)
    return lambda rows: np.asarray(rows @ contiguous, np.float32)


def _norm(x: Floats) -> Floats:
    share = np.float32(1 / x.shape[-1])
    mean: Floats = np.add.reduce(x, axis=-1, keepdims=True) * share
    centred: Floats = np.subtract(x, mean, dtype=np.float32)
    variance = np.einsum("...i,...i->...", centred, centred)[..., None] * share
    centred /= np.sqrt(variance + np.float32(EPSILON))
    return centred
