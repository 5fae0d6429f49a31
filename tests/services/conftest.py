"""What tests of several protocols share: one small model, trained once, and one server over it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from tests.sequence_model import copy_source
from tests.services.served import server


@pytest.fixture(scope="session")
def sequence_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a sequence model of two seconds on one package, v1. Only to be asked: others rely on it."""
    root = tmp_path_factory.mktemp("served")
    service = DLCodeGen(Settings(home=root / "home", embedder="local"))
    service.train(copy_source(root / "project") / "json", TrainConfig.sequence(seconds=2, vocabulary_size=1024))
    service.close()
    return root / "home"


@pytest.fixture(scope="session")
def sequence_server(sequence_home: Path) -> Iterator[str]:
    """The address of a server over `sequence_home`."""
    with server(sequence_home) as address:
        yield address
