"""Vectors on disk: shared, bounded, and never a reason to fail."""

import logging

import numpy as np
import pytest

from dlcodegen_core.features.embedding_store import EmbeddingStore

VECTOR = np.arange(384, dtype=np.float32)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "embeddings.sqlite"


def keys(count, start=0):
    return [number.to_bytes(20, "big") for number in range(start, start + count)]


def test_what_is_put_is_got_by_another_opener(path):
    one, two = EmbeddingStore(path), EmbeddingStore(path)
    one.put(dict.fromkeys(keys(3), VECTOR))
    found = two.get(keys(5))
    assert sorted(found) == keys(3)
    assert (found[keys(1)[0]] == VECTOR).all()
    one.close()
    two.close()


def test_more_keys_than_one_question_holds_are_found(path):
    store = EmbeddingStore(path)
    store.put(dict.fromkeys(keys(1300), VECTOR))
    assert len(store.get(keys(1300))) == 1300
    store.close()


def test_the_oldest_go_when_it_is_full(path):
    store = EmbeddingStore(path, max_rows=10)
    store.put(dict.fromkeys(keys(8), VECTOR))
    store.put(dict.fromkeys(keys(8, start=8), VECTOR))
    assert store.count() == 10
    assert keys(1)[0] not in store.get(keys(16))
    assert keys(16)[-1] in store.get(keys(16))
    store.close()


def test_a_damaged_file_is_set_aside_and_begun_anew(path, caplog):
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 100)
    store = EmbeddingStore(path)
    with caplog.at_level(logging.WARNING):
        store.put({keys(1)[0]: VECTOR})
    assert store.count() == 1
    assert path.with_name(path.name + ".damaged").exists()
    store.close()


def test_a_full_disk_costs_the_cache_not_the_caller(path, caplog):
    store = EmbeddingStore(path)
    store.put({keys(1)[0]: VECTOR})
    store._connection.execute("PRAGMA max_page_count=8")
    store.put(dict.fromkeys(keys(200, start=1), VECTOR))
    assert "full" in caplog.text
    assert keys(1)[0] in store.get(keys(1))
    store.close()


def test_clearing_forgets_all(path):
    store = EmbeddingStore(path)
    store.put(dict.fromkeys(keys(3), VECTOR))
    store.clear()
    assert store.count() == 0
    store.close()
