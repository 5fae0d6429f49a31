"""What all tests share: no test reads or writes outside its own folder, or meets a person's environment."""

from typing import TYPE_CHECKING

import pytest

from dlcodegen_core.config import ENVIRONMENT_VARIABLES, SERVING_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.explain.trained_model import Trained


@pytest.fixture(autouse=True)
def _own_home(tmp_path, monkeypatch):
    """Each test starts from an empty home and the local embedder, whatever the shell has set."""
    for name in (*ENVIRONMENT_VARIABLES.values(), *SERVING_VARIABLES.values()):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DLCODEGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DLCODEGEN_EMBEDDER", "local")


@pytest.fixture(scope="session")
def trained_small(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Trained]":
    """One small DeepCodeNet for all who only ask it; `versions.parent` is a home."""
    import torch

    from dlcodegen_core.features.embedding_store import EmbeddingStore
    from tests.explain.trained_model import train

    root = tmp_path_factory.mktemp("explained")
    store = EmbeddingStore(root / "embeddings.sqlite")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on a busy machine several threads wait for each other most of the time
    yield train(root, store)
    torch.set_num_threads(threads)
    store.close()
