"""No text is embedded twice, and vectors of two embedders never mix."""

import numpy as np
import pytest

from dlcodegen_core.errors import EmbeddingError
from dlcodegen_core.features.embedding import MEMORY_BYTES, CachedEmbedder, unit_vectors
from dlcodegen_core.features.embedding_store import EmbeddingStore
from tests.doubles import CountingEmbedder


@pytest.fixture
def store(tmp_path):
    opened = EmbeddingStore(tmp_path / "embeddings.sqlite")
    yield opened
    opened.close()


def test_a_text_is_embedded_once(store):
    embedder = CountingEmbedder()
    cached = CachedEmbedder(embedder, store)
    first = cached.embed(["a", "b", "a"])
    second = cached.embed(["b", "a"])
    assert sorted(embedder.asked) == ["a", "b"]
    assert (first[0] == second[1]).all() and (first[0] == first[2]).all()


def test_a_text_is_not_embedded_again_after_a_restart(tmp_path):
    path = tmp_path / "embeddings.sqlite"
    store = EmbeddingStore(path)
    before = CachedEmbedder(CountingEmbedder(), store).embed(["def f():"])
    store.close()
    embedder, reopened = CountingEmbedder(), EmbeddingStore(path)
    after = CachedEmbedder(embedder, reopened).embed(["def f():"])
    reopened.close()
    assert embedder.asked == []
    assert (before == after).all()


def test_vectors_of_two_embedders_do_not_mix(store):
    one, two = CountingEmbedder("test:one"), CountingEmbedder("test:two")
    first = CachedEmbedder(one, store).embed(["a"])
    second = CachedEmbedder(two, store).embed(["a"])
    assert two.asked == ["a"]
    assert not np.allclose(first, second)


def test_a_blank_text_is_the_zero_vector_and_is_not_asked_for(store):
    embedder = CountingEmbedder()
    vectors = CachedEmbedder(embedder, store).embed(["", " \n", "x"])
    assert not vectors[:2].any() and vectors[2].any()
    assert embedder.asked == ["x"]


def test_what_was_embedded_before_a_cancel_is_kept(store):
    embedder = CountingEmbedder()
    texts = [f"text {number}" for number in range(200)]

    def cancel(done, _total):
        if done >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        CachedEmbedder(embedder, store).embed(texts, cancel)
    assert store.count() >= 100


def test_the_memory_half_stays_below_its_cap(store):
    cached = CachedEmbedder(CountingEmbedder(), store)
    cached.embed([f"text {number}" for number in range(4000)])
    assert cached.stats().size <= MEMORY_BYTES
    assert cached.stats().evictions > 0


def test_warming_up_reaches_the_embedder_although_the_cache_knows_the_text(store):
    embedder = CountingEmbedder()
    cached = CachedEmbedder(embedder, store)
    cached.embed(["warm up"])
    cached.warm_up()
    assert embedder.asked == ["warm up", "warm up"]


def test_half_a_character_can_be_a_key(store):
    assert CachedEmbedder(CountingEmbedder(), store).embed(["\ud800"]).any()


def test_longer_vectors_are_cut_and_scaled_again():
    vectors = unit_vectors(np.random.default_rng(0).normal(size=(3, 768)).astype(np.float32), "a server")
    assert vectors.shape == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("bad", [np.ones((1, 100)), np.full((1, 384), np.nan), np.zeros((1, 384))])
def test_vectors_that_cannot_be_used_name_their_source(bad):
    with pytest.raises(EmbeddingError, match="a server"):
        unit_vectors(bad.astype(np.float32), "a server")
