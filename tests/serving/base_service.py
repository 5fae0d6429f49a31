"""The routes before the base model, which ships: a real model that nobody has to train."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from dlcodegen_core import DLCodeGen, Settings
from dlcodegen_core.models import base_model
from dlcodegen_core.serving.engine import Engine


@contextmanager
def base_client(home: Path, routes: list[Route]) -> Iterator[TestClient]:
    """A client of `routes`, over a home in which nothing was trained."""
    if not base_model.is_there():
        pytest.skip("no base model is shipped here")
    service, before = DLCodeGen(Settings(home=home, embedder="local")), DLCodeGen._instance
    DLCodeGen._instance = service
    try:
        with TestClient(Starlette(routes=routes), base_url="http://127.0.0.1") as client:
            yield client
    finally:
        Engine.get().close()
        DLCodeGen._instance = before
        service.close()
