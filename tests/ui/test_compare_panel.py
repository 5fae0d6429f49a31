"""Models: versions side by side, and the search for settings."""

import shutil

import pytest

from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.data.demo import LIBRARY_NAME
from dlcodegen_core.training.search.records import DONE, Gain, SearchRecord, Trial
from tests.ui.conftest import _as_the_pages_see_it
from tests.ui.test_pages import words


@pytest.fixture(scope="session")
def two_versions_home(trained_home, tmp_path_factory):
    home = tmp_path_factory.mktemp("two versions") / "home"
    shutil.copytree(trained_home, home)
    service = DLCodeGen(Settings(home=home, embedder="local"))
    service.train(LIBRARY_NAME, TrainConfig(epochs=3, dropout=0.4), name="more dropout")
    service.close()
    return home


@pytest.fixture
def two_versions(two_versions_home, monkeypatch):
    yield from _as_the_pages_see_it(two_versions_home, monkeypatch)


def _trial(number: int, loss: float, dropout: float) -> Trial:
    settings = {"learning_rate": 0.01, "dropout": dropout, "batch_size": 32, "hidden_layers": [128, 64]}
    return Trial(number, settings, DONE, loss, 0.3, 7, 2.0)


def test_with_one_version_there_is_nothing_to_compare_and_it_says_when_there_is(trained, open_page):
    assert "two trained models or more" in words(open_page("models", panel="Compare"))


def test_what_differs_between_two_versions_is_told_and_nothing_else(two_versions, open_page):
    app = open_page("models", panel="Compare")
    differs, figures = (table.value for table in app.dataframe[:2])
    assert [list(row) for row in differs.values] == [["dropout", "0.2", "0.4"]]
    assert list(figures["Version"]) == ["v1", "v2"]
    assert "Edit similarity" not in figures  # nobody has one, so it would be an empty column
    assert app.selectbox[0].options == ["Training loss", "Training accuracy"]  # nothing was held out


def test_the_versions_of_a_link_are_shown(two_versions, open_page):
    app = open_page("models", panel="Compare", versions="v1")
    assert app.multiselect[0].value == ["v1"]
    assert "at least two" in words(app)


def test_a_search_that_was_made_tells_what_its_best_settings_bring(stocked, open_page):
    record = SearchRecord.begin(LIBRARY_NAME, 1, 60.0, TrainConfig())
    for trial in (_trial(0, 3.0, 0.2), _trial(1, 2.5, 0.1)):
        record = record.with_trial(trial)
    values = {name: getattr(record, name) for name in record.__slots__}
    stocked.searches.save(SearchRecord(**{**values, "over": True, "gain": Gain(80, 3.1, 0.1, 2.6, 0.2, 0.5, 0.2, 0.8)}))
    app = open_page("models", panel="Find settings")
    assert "Better settings found" in words(app)
    assert "dropout 0.10" in words(app)
    next(button for button in app.button if button.label.startswith("Train a version")).click().run()
    assert not app.exception
    [job] = stocked.jobs.jobs()
    assert (job.request.config.dropout, job.request.config.hidden_layers) == (0.1, (128, 64))
    stocked.jobs.discard(job.id)


def test_a_gain_that_may_be_chance_is_told_as_such(stocked, open_page):
    record = SearchRecord.begin(LIBRARY_NAME, 1, 60.0, TrainConfig())
    for trial in (_trial(0, 3.0, 0.2), _trial(1, 2.9, 0.1)):
        record = record.with_trial(trial)
    values = {name: getattr(record, name) for name in record.__slots__}
    stocked.searches.save(
        SearchRecord(**{**values, "over": True, "gain": Gain(80, 3.1, 0.1, 3.0, 0.1, 0.1, -0.2, 0.4)})
    )
    assert "Nothing surely better found" in words(open_page("models", panel="Find settings"))


def test_without_data_it_sends_to_the_dataset_page(service, open_page):
    assert "no dataset" in words(open_page("models", panel="Find settings"))
