"""What all tests share: no test reads or writes outside its own folder, or meets a person's environment."""

import pytest

from dlcodegen_core.config import ENVIRONMENT_VARIABLES


@pytest.fixture(autouse=True)
def _own_home(tmp_path, monkeypatch):
    """Each test starts from an empty home and the local embedder, whatever the shell has set."""
    for name in ENVIRONMENT_VARIABLES.values():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DLCODEGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DLCODEGEN_EMBEDDER", "local")
