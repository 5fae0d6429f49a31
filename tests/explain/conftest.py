"""The one trained model of this folder's tests."""

from collections.abc import Iterator

import pytest
import torch

from dlcodegen_core.features.embedding_store import EmbeddingStore
from tests.explain.trained_model import Trained, train


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    root = tmp_path_factory.mktemp("explained")
    store = EmbeddingStore(root / "embeddings.sqlite")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on a busy machine several threads wait for each other most of the time
    yield train(root, store)
    torch.set_num_threads(threads)
    store.close()
