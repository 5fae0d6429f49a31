"""Vectors for other programs, with the embedder that a training would use: one batch at a time, in a thread."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request

from dlcodegen_core.errors import EmbeddingError
from dlcodegen_core.features.code_tokens import is_blank, split_tokens
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.serving.engine import ClientGone

PLACES = 16

_places = threading.BoundedSemaphore(PLACES)
_embedding = ThreadPoolExecutor(1, thread_name_prefix="embedding")


async def embed_texts(texts: Sequence[str], http: Request) -> tuple[str, NDArray[np.float32]]:
    """The embedder's identity, and unit vectors of shape (len(texts), 384); zeros for a blank text.

    Ends early, with ClientGone, if the client goes away. Raises EmbeddingError.
    """
    if not _places.acquire(blocking=False):
        raise EmbeddingError(f"{PLACES} requests for vectors are waiting already. Ask again in a few seconds.")
    gone = threading.Event()

    def go_on(_done: int, _total: int) -> None:
        if gone.is_set():
            raise ClientGone

    def embed() -> tuple[str, NDArray[np.float32]]:
        embedder = DLCodeGen.get_instance().embedders.for_training()
        return embedder.identity, embedder.embed(texts, go_on)

    async def watch() -> None:
        while (await http.receive())["type"] != "http.disconnect":
            pass
        gone.set()

    watching = asyncio.ensure_future(watch())
    try:
        return await asyncio.get_running_loop().run_in_executor(_embedding, embed)
    finally:
        watching.cancel()
        _places.release()


def embedder_name(identity: str) -> str:
    """The embedding model's own name, out of an identity such as `local:all-MiniLM-L6-v2:…`."""
    return identity.split(":")[1]


def words_and_signs(texts: Sequence[str]) -> int:
    """How long texts are, for protocols that want tokens counted: an embedder's own tokens are not told by all."""
    return sum(1 for text in texts for token in split_tokens(text) if not is_blank(token))
