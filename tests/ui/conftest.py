"""A workbench in the state that a page test wants to see."""

import shutil
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.data.demo import EXAMPLE_NAME, EXAMPLE_PAIRS, LIBRARY_NAME, standard_library_pairs
from dlcodegen_core.models import base_model
from tests.sequence_model import own_lines, shared_lines

ROOT = Path(__file__).parents[2]


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(item.fspath).parent == Path(__file__).parent:
            item.add_marker("ui")


@pytest.fixture
def service(tmp_path, monkeypatch):
    """An empty workbench, and the one that the pages will find."""
    yield from _as_the_pages_see_it(tmp_path / "home", monkeypatch)


@pytest.fixture
def stocked(service):
    """A workbench with both demo datasets, the library one small."""
    service.datasets.create(EXAMPLE_NAME, EXAMPLE_PAIRS, origin="example")
    service.datasets.create(LIBRARY_NAME, standard_library_pairs(250), origin="standard library")
    return service


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory):
    """A home with a dataset and one finished training."""
    home = tmp_path_factory.mktemp("trained")
    trained = DLCodeGen(Settings(home=home, embedder="local"))
    trained.datasets.create(LIBRARY_NAME, standard_library_pairs(60), origin="standard library")
    trained.train(LIBRARY_NAME, TrainConfig(epochs=3), name="for the tests")
    trained.close()
    return home


@pytest.fixture
def trained(trained_home, tmp_path, monkeypatch):
    """A workbench that can predict; a copy, so that no test meets what another one changed."""
    shutil.copytree(trained_home, tmp_path / "trained")
    yield from _as_the_pages_see_it(tmp_path / "trained", monkeypatch)


@pytest.fixture(scope="session")
def lines_home(tmp_path_factory):
    """A home with a small sequence model and its report."""
    return own_lines(shared_lines(tmp_path_factory), tmp_path_factory.mktemp("lines") / "own")


@pytest.fixture
def with_lines(lines_home, monkeypatch):
    yield from _as_the_pages_see_it(lines_home / "home", monkeypatch)


@pytest.fixture
def no_base(monkeypatch):
    """As if no base model were shipped."""
    monkeypatch.setattr(base_model, "is_there", lambda: False)


@pytest.fixture
def base():
    """Skips where no base model is shipped."""
    if not base_model.is_there():
        pytest.skip("no base model is shipped with this checkout")


@pytest.fixture
def open_page():
    """Open a page through the main script, as a visitor does, with `query` in its address."""

    def open_it(key: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "workbench.py"), default_timeout=60).run()
        for name, value in query.items():
            app.query_params[name] = value
        if key != "home":
            app.switch_page(f"pages/{key}.py").run()
        assert not app.exception, app.exception
        return app

    return open_it


def _as_the_pages_see_it(home, monkeypatch):
    service = DLCodeGen(Settings(home=home, embedder="local"))
    monkeypatch.setattr(DLCodeGen, "_instance", service)
    st.cache_resource.clear()
    yield service
    service.close()
    st.cache_resource.clear()
