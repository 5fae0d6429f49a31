"""The caches on the Performance page: where predictions are kept, and what is wrong with that place."""

import socket

import pytest

from dlcodegen_core.inference.prediction_cache import open_prediction_cache
from dlcodegen_core.inference.predictor import Predictor


@pytest.fixture
def without_its_redis(trained):
    """A workbench whose Redis is away."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"redis://:s3cret@127.0.0.1:{probe.getsockname()[1]}/0"
    cache = open_prediction_cache(url)
    trained.predictor = Predictor(trained.versions, trained.embedders, cache)
    return trained


def _captions(app):
    return [caption.value for caption in app.caption]


def test_predictions_are_kept_in_memory_unless_told_otherwise(trained, open_page):
    trained.predict("import ")
    trained.predict("import ")
    app = open_page("performance")
    assert "Kept in the memory of this process." in _captions(app)
    assert any("50% of look-ups answered: hits 1, misses 1, pushed out 0" in each for each in _captions(app))
    assert not app.warning


def test_a_redis_that_is_away_is_told_and_predictions_go_on(without_its_redis, open_page):
    without_its_redis.predict("import ")
    assert without_its_redis.predict("import ").cached
    app = open_page("performance")
    (warning,) = (each.value for each in app.warning if "Redis" in each.value)
    assert "predictions have been kept by each process alone" in warning and "cannot be reached" in warning
    assert "s3cret" not in warning + "".join(_captions(app))
    assert "Kept in the memory of this process." in _captions(app)
    next(button for button in app.button if button.label == "Clear predictions").click().run()
    assert without_its_redis.get_cache_stats().size == 0
