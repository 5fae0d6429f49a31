"""The real local network: 384 numbers, the same whatever else is asked at the same time."""

import numpy as np
import pytest

from dlcodegen_core.errors import EmbeddingError
from dlcodegen_core.features import local_embedder
from dlcodegen_core.features.local_embedder import LocalEmbedder

TEXTS = ["def f(x):", "import os\nimport sys", "async function fetchData() {", "x" * 50, "for item in items:\n    "]


@pytest.fixture(scope="module")
def embedder():
    return LocalEmbedder()


def test_vectors_are_of_unit_length(embedder):
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), 384) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_a_vector_does_not_depend_on_its_batch_or_on_the_threads(embedder):
    together = embedder.embed(TEXTS)
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    side_by_side = LocalEmbedder(threads=1, callers=2).embed(TEXTS)
    assert (together == alone).all()
    assert (together == side_by_side).all()


def test_like_is_near_like(embedder):
    loop, other_loop, style = embedder.embed(["for x in items: print(x)", "for y in rows: print(y)", "color: red;"])
    assert loop @ other_loop > loop @ style


def test_a_long_text_keeps_its_end(embedder):
    end = "return self.total\n" * 200
    one, two = embedder.embed(["import os\n" * 500 + end, "class A:\n" * 500 + end])
    assert (one == two).all()


def test_half_a_character_is_no_reason_to_fail(embedder):
    assert np.isfinite(embedder.embed(["\ud800 x"])).all()


@pytest.mark.parametrize("constant", ["WEIGHTS_SHA256", "TOKENIZER_SHA256"])
def test_files_that_are_not_what_they_should_be_are_refused(monkeypatch, constant):
    monkeypatch.setattr(local_embedder, constant, "0" * 64)
    with pytest.raises(EmbeddingError, match="damaged"):
        LocalEmbedder().embed(["x"])


def test_a_missing_package_says_what_to_do(monkeypatch):
    monkeypatch.setattr(local_embedder, "WEIGHTS_PACKAGE", "no_such_package")
    with pytest.raises(EmbeddingError, match="make install"):
        LocalEmbedder().embed(["x"])
