"""Stand-ins that tests share."""

import hashlib

import numpy as np

from dlcodegen_core.features.layout import EMBEDDING


class CountingEmbedder:
    """Gives each text a fixed random unit vector and remembers what it was asked."""

    title = "a counting embedder"

    def __init__(self, identity="test:counting:1"):
        self.identity = identity
        self.asked = []

    def embed(self, texts):
        self.asked += texts
        rows = [self._vector(text) for text in texts]
        return np.stack([row / np.linalg.norm(row) for row in rows]).astype(np.float32)

    def _vector(self, text):
        seed = hashlib.sha256(f"{self.identity} {text}".encode("utf-8", "surrogatepass")).digest()
        return np.random.default_rng(list(seed)).normal(size=EMBEDDING.size)
