"""Embeddings from an Ollama server: the first 384 numbers of the model's vector, scaled to unit length again.

Talks through the `ollama` client in batches, waits at most 1 s for a connection, retries failures of the server
with growing pauses, and turns every way of failing into one error that says what to do.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core import outbound
from dlcodegen_core.errors import EmbedderUnavailable, EmbeddingError, EmbeddingModelMissing
from dlcodegen_core.features.embedding import unit_vectors

if TYPE_CHECKING:
    import ollama

CONNECT_SECONDS = 1.0
READ_SECONDS = 60.0
LISTING_SECONDS = 3.0
TEXTS_PER_REQUEST = 32
PAUSES_SECONDS = (0.2, 1.0, 3.0)  # before the second, third and fourth try
# The server is told to cut at a length that every usual embedding model can take: left to itself, Ollama 0.5.4
# crashed with texts over the 512 tokens of all-minilm.
CONTEXT_TOKENS = 512
MAX_CHARACTERS = 1_200  # of the end of a text: about as many tokens of code

Answer = TypeVar("Answer")


class OllamaEmbedder:
    """One model on one Ollama server. The identity carries the model's digest, so a re-pulled model is another one."""

    def __init__(
        self,
        host: str,
        model: str,
        read_seconds: float = READ_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._host = host
        self._model = model
        self._read_seconds = read_seconds
        self._sleep = sleep
        self._identity = ""
        self._clients: dict[float, ollama.Client] = {}

    @property
    def title(self) -> str:
        return f"Ollama {self._model} at {self._host}"

    @property
    def identity(self) -> str:
        """`ollama:MODEL:DIGEST`, asked of the server once. Raises EmbedderUnavailable or EmbeddingModelMissing."""
        if not self._identity:
            listing = self._ask(lambda client: client.list(), min(LISTING_SECONDS, self._read_seconds))
            wanted = self._model if ":" in self._model else f"{self._model}:latest"
            digests = {str(entry.model): str(entry.digest or "") for entry in listing.models}
            if wanted not in digests:
                raise self._model_missing(sorted(digests))
            self._identity = f"ollama:{self._model}:{digests[wanted].removeprefix('sha256:')[:12]}"
        return self._identity

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed non-blank texts as unit vectors, shape (len(texts), 384).

        Raises EmbedderUnavailable, EmbeddingModelMissing, or EmbeddingError for vectors of a wrong number or shape.
        """
        rows: list[Sequence[float]] = []
        for start in range(0, len(texts), TEXTS_PER_REQUEST):
            # Over-long input is cut by the server at its end; we need the end, so we cut the start ourselves.
            batch = [_clean(text[-MAX_CHARACTERS:]) for text in texts[start : start + TEXTS_PER_REQUEST]]
            reply = self._ask(partial(_embed, model=self._model, batch=batch), self._read_seconds)
            if len(reply.embeddings) != len(batch):
                raise EmbeddingError(
                    f"{self.title} gave {len(reply.embeddings)} vectors for {len(batch)} texts. "
                    "Check that the model is an embedding model."
                )
            rows.extend(reply.embeddings)
        lengths = sorted({len(row) for row in rows})
        if len(lengths) > 1:
            raise EmbeddingError(
                f"{self.title} gave vectors of different lengths: {lengths}. Restart it and try again."
            )
        return unit_vectors(np.asarray(rows, np.float32).reshape(len(rows), -1), self.title)

    def _ask(self, question: "Callable[[ollama.Client], Answer]", read_seconds: float) -> Answer:
        """Put one question to the server; retry what may pass, translate what may not."""
        import httpx
        import ollama
        import pydantic

        last: Exception | None = None
        for pause in (0.0, *PAUSES_SECONDS):
            self._sleep(pause)
            try:
                return question(self._client(read_seconds))
            except ollama.ResponseError as exc:
                if exc.status_code == 404:
                    raise self._model_missing() from exc
                if exc.status_code < 500:
                    raise EmbeddingError(f"{self.title} refused the request: {exc.error}") from exc
                last = exc
            except httpx.TimeoutException as exc:
                raise EmbedderUnavailable(
                    f"{self.title} did not answer within {read_seconds:g} s. "
                    "Check its log or restart it, or set DLCODEGEN_EMBEDDER=local."
                ) from exc
            except (ConnectionError, httpx.TransportError, httpx.InvalidURL) as exc:
                raise EmbedderUnavailable(
                    outbound.offline_reason(exc)
                    or f"Ollama does not answer at {self._host}. Start it with `ollama serve`, set OLLAMA_EMBED_HOST, "
                    "or set DLCODEGEN_EMBEDDER=local."
                ) from exc
            except (pydantic.ValidationError, ValueError, TypeError) as exc:
                raise EmbeddingError(
                    f"{self._host} answered with something that is not an Ollama reply. "
                    "Check OLLAMA_EMBED_HOST: another program may listen there."
                ) from exc
        raise EmbedderUnavailable(
            f"{self.title} keeps failing ({last}). Check its log or restart it, or set DLCODEGEN_EMBEDDER=local."
        ) from last

    def _client(self, read_seconds: float) -> "ollama.Client":
        if read_seconds not in self._clients:
            import httpx
            import ollama

            timeout: Any = httpx.Timeout(read_seconds, connect=CONNECT_SECONDS)
            # trust_env off: a proxy from the environment must never see the person's code.
            self._clients[read_seconds] = ollama.Client(host=self._host, timeout=timeout, trust_env=False)
        return self._clients[read_seconds]

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        for client in self._clients.values():
            client._client.close()  # the ollama client has no method for it
        self._clients.clear()

    def _model_missing(self, present: Sequence[str] = ()) -> EmbeddingModelMissing:
        there = f" It has: {', '.join(present)}." if present else ""
        return EmbeddingModelMissing(
            f"Ollama at {self._host} does not have the model {self._model}.{there} "
            f"Run `ollama pull {self._model}`, or set OLLAMA_EMBED_MODEL."
        )


def _embed(client: "ollama.Client", model: str, batch: list[str]) -> "ollama.EmbedResponse":
    return client.embed(model=model, input=batch, options={"num_ctx": CONTEXT_TOKENS})


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
