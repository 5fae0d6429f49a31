"""Which embedder is used: the one asked for, Ollama where it answers, the local one elsewhere.

A model is only ever asked with the embedder that it was trained on; when that one is not at hand, the request is
refused with the reason, never answered with another's vectors.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from dlcodegen_core.config import Settings
from dlcodegen_core.errors import EmbedderMismatch, EmbeddingError
from dlcodegen_core.features.embedding import CachedEmbedder, Embedder, new_embedding_memory
from dlcodegen_core.features.embedding_store import EmbeddingStore
from dlcodegen_core.features.local_embedder import LocalEmbedder
from dlcodegen_core.features.ollama_embedder import OllamaEmbedder
from dlcodegen_core.storage.memory_cache import CacheStats

ASK_AGAIN_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class EmbedderChoice:
    """The embedder for new trainings. note: why it is this one."""

    title: str
    identity: str
    note: str


class Embedders:
    """All embedders of a process behind one shared cache."""

    def __init__(
        self,
        settings: Settings,
        local: Embedder | None = None,
        ollama: Embedder | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self.store = EmbeddingStore(settings.embedding_cache_file)
        self._memory = new_embedding_memory()
        self._local = CachedEmbedder(local or LocalEmbedder(), self.store, self._memory)
        server = ollama or OllamaEmbedder(settings.ollama_host, settings.ollama_model)
        self._ollama = CachedEmbedder(server, self.store, self._memory)
        self._now = now
        self._lock = threading.Lock()
        self._choice: EmbedderChoice | None = None
        self._chosen_at = 0.0

    def choice(self) -> EmbedderChoice:
        """Which embedder a new training would use, asked afresh every 20 s at most.

        Raises EmbeddingError if Ollama was demanded and is not usable.
        """
        with self._lock:
            if self._choice is None or self._now() - self._chosen_at > ASK_AGAIN_SECONDS:
                self._choice = self._choose()
                self._chosen_at = self._now()
            return self._choice

    def for_training(self) -> CachedEmbedder:
        """The embedder of `choice()`. Raises EmbeddingError as it does."""
        return self._local if self.choice().identity == self._local.identity else self._ollama

    def for_identity(self, identity: str, version: str) -> CachedEmbedder:
        """The embedder that `version` was trained on.

        Raises EmbedderMismatch if only others are allowed or at hand, EmbeddingError if its server does not answer.
        """
        wanted = self._local if identity.startswith("local:") else self._ollama
        forced = self._settings.embedder
        if forced != "auto" and (forced == "local") != (wanted is self._local):
            raise EmbedderMismatch(
                f"Model {version} was trained on vectors of {identity}, but DLCODEGEN_EMBEDDER={forced} allows only "
                "other ones. Unset it, or train the model again."
            )
        if wanted.identity != identity:
            raise EmbedderMismatch(
                f"Model {version} was trained on vectors of {identity}, but at hand is {wanted.identity}. "
                "Set OLLAMA_EMBED_MODEL to the model it was trained with, or train it again."
            )
        return wanted

    def stats(self) -> CacheStats:
        """Counters of the memory half of the shared cache; sizes in bytes."""
        return self._memory.stats()

    def clear_cache(self) -> None:
        """Forget all vectors, in memory and on disk."""
        self._memory.clear()
        self.store.clear()

    def close(self) -> None:
        """Close the store and the connections; both open again when they are needed."""
        self.store.close()
        self._ollama.close()

    def _choose(self) -> EmbedderChoice:
        settings = self._settings
        if settings.embedder == "local":
            return EmbedderChoice(self._local.title, self._local.identity, "chosen by DLCODEGEN_EMBEDDER")
        try:
            return EmbedderChoice(self._ollama.title, self._ollama.identity, "Ollama answers")
        except EmbeddingError as exc:
            if settings.embedder == "ollama":
                raise
            return EmbedderChoice(self._local.title, self._local.identity, str(exc))
