"""Which embedder turns text into 384 numbers, and the cache that never embeds a text twice.

An embedder is anything with `identity`, `title` and `embed`. The identity names everything that changes its
vectors (kind, model, weights), is stored with each trained model and is part of each cache key, so that vectors
of two embedders never mix.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.errors import EmbeddingError
from dlcodegen_core.features.embedding_store import EmbeddingStore
from dlcodegen_core.features.layout import EMBEDDING
from dlcodegen_core.storage.memory_cache import CacheStats, MemoryCache

MEMORY_BYTES = 6_000_000
# A vector's 384 floats, the array around it, its key and its place in the cache.
BYTES_PER_ENTRY = EMBEDDING.size * 4 + 400
STORE_EVERY = 64

Progress = Callable[[int, int], None]


class Embedder(Protocol):
    """What the pipeline needs of an embedder."""

    @property
    def identity(self) -> str:
        """Names kind, model and weights; equal identities mean equal vectors."""

    @property
    def title(self) -> str:
        """The same for people."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed non-blank texts as unit vectors, shape (len(texts), 384). Raises EmbeddingError."""


def unit_vectors(vectors: NDArray[np.float32], source: str) -> NDArray[np.float32]:
    """The first 384 numbers of each vector, scaled to unit length.

    Raises EmbeddingError naming `source` if vectors are too short, not finite or all zero.
    """
    if vectors.ndim != 2 or vectors.shape[1] < EMBEDDING.size:
        raise EmbeddingError(
            f"{source} gave vectors of shape {vectors.shape}, at least {EMBEDDING.size} numbers each are needed. "
            "Choose an embedding model with 384 or more dimensions."
        )
    cut = np.ascontiguousarray(vectors[:, : EMBEDDING.size], np.float32)
    norms = np.linalg.norm(cut, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or (norms == 0).any():
        raise EmbeddingError(f"{source} gave a vector that is not finite or all zero. Restart it and try again.")
    return cut / norms


class CachedEmbedder:
    """An embedder behind a memory cache and a store on disk, both keyed by embedder and text."""

    def __init__(
        self, embedder: Embedder, store: EmbeddingStore, memory: MemoryCache[NDArray[np.float32]] | None = None
    ) -> None:
        self._embedder = embedder
        self._store = store
        self._memory = memory or new_embedding_memory()

    @property
    def identity(self) -> str:
        return self._embedder.identity

    @property
    def title(self) -> str:
        return self._embedder.title

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """Embed texts as unit vectors, shape (len(texts), 384); a blank text is the zero vector.

        progress(done, total) is called after each batch, counting distinct texts; what was embedded is kept
        even if it raises to cancel. Raises EmbeddingError.
        """
        identity = self.identity
        keys = [_key(identity, text) for text in texts]
        text_of = {key: text for key, text in zip(keys, texts, strict=True) if text.strip()}
        found = {key: vector for key in text_of if (vector := self._memory.get(key)) is not None}
        unseen = [key for key in text_of if key not in found]
        if unseen:
            for key, vector in self._store.get(unseen).items():
                found[key] = vector
                self._memory.put(key, vector)
        missing = [key for key in unseen if key not in found]
        if progress:
            progress(len(found), len(text_of))
        # Neighbours in length share a batch, so that little of it is padding.
        missing.sort(key=lambda key: len(text_of[key]))
        for start in range(0, len(missing), STORE_EVERY):
            batch = missing[start : start + STORE_EVERY]
            vectors = dict(zip(batch, self._embedder.embed([text_of[key] for key in batch]), strict=True))
            self._store.put(vectors)
            for key, vector in vectors.items():
                found[key] = vector
                self._memory.put(key, vector)
            if progress:
                progress(len(found), len(text_of))
        blank = np.zeros(EMBEDDING.size, np.float32)
        rows = [found.get(key, blank) for key in keys]
        return np.stack(rows) if rows else np.zeros((0, EMBEDDING.size), np.float32)

    def stats(self) -> CacheStats:
        return self._memory.stats()

    def warm_up(self) -> None:
        """Have the embedder itself ready: past the cache, which may well know the text. Raises EmbeddingError."""
        self._embedder.embed(["warm up"])

    def close(self) -> None:
        """Close what the embedder holds open, if anything."""
        if close := getattr(self._embedder, "close", None):
            close()


def new_embedding_memory() -> MemoryCache[NDArray[np.float32]]:
    """The memory half of the shared embedding cache, capped near 6 MB."""
    return MemoryCache(MEMORY_BYTES, weigh=lambda _vector: BYTES_PER_ENTRY)


def _key(identity: str, text: str) -> bytes:
    digest = hashlib.blake2b(identity.encode(), digest_size=20)
    digest.update(b"\0")
    digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.digest()
