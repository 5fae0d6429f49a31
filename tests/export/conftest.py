"""The versions of this folder's tests."""

from pathlib import Path

import pytest

from tests.export.small_versions import save_deepcodenet, save_sequence


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of versions: v1 is a DeepCodeNet, v2 a sequence model. Nobody changes it."""
    root = tmp_path_factory.mktemp("exported") / "versions"
    save_deepcodenet(root / "v1")
    save_sequence(root / "v2")
    return root
