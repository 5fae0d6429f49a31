"""A few files with habits that a baseline can learn, and an embedder without a model."""

import pytest

from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.features.embedding import CachedEmbedder
from dlcodegen_core.features.embedding_store import EmbeddingStore
from tests.doubles import CountingEmbedder

BODY = """import collections
def area_{n}(width_{n}, height_{n}):
    return width_{n} * height_{n}
def name_{n}(first_{n}):
    if first_{n} is None:
        raise ValueError(first_{n})
    return first_{n}.strip()
"""
FILES = [SourceFile(f"f{n}.py", BODY.format(n=n), "python") for n in range(12)]


@pytest.fixture(scope="session")
def embedder(tmp_path_factory):
    store = EmbeddingStore(tmp_path_factory.mktemp("embeddings") / "embeddings.sqlite")
    yield CachedEmbedder(CountingEmbedder(), store)
    store.close()
