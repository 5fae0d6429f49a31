import numpy as np
import pytest
import torch

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.errors import TrainingError
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.training.search.records import DONE, FAILED, PRUNED, SearchRecord
from dlcodegen_core.training.search.searching import SearchData, search
from dlcodegen_core.training.trainer import Split

CLASSES = 5


def _split(samples: int, seed: int) -> Split:
    """Samples whose class can be told from their first features."""
    random = np.random.default_rng(seed)
    classes = random.integers(2, CLASSES, samples)
    features = random.normal(0, 0.3, (samples, DIMENSIONS)).astype(np.float32)
    features[np.arange(samples), classes] += 2
    return Split(torch.from_numpy(features), torch.from_numpy(classes))


@pytest.fixture(scope="module")
def data() -> SearchData:
    torch.set_num_threads(1)
    return SearchData(CLASSES, _split(120, 1), _split(60, 2), _split(60, 3))


class TrialClock:
    """Each look at the clock costs a little, so a search ends after so many looks on any machine."""

    def __init__(self, each: float = 0.01) -> None:
        self.moment, self.each = 0.0, each

    def __call__(self) -> float:
        self.moment += self.each
        return self.moment


def _bad_start() -> TrainConfig:
    """A learning rate far too low to learn anything in time."""
    return TrainConfig(hidden_layers=(64,), learning_rate=1e-6, batch_size=64)


def test_it_finds_better_settings_than_bad_ones_and_proves_it_on_other_samples(data):
    told: list[SearchRecord] = []
    record = search(data, SearchRecord.begin("d", 1, 12.0, _bad_start()), told.append, TrialClock())
    assert record.over and record.best is not None and record.best.number > 0
    assert record.gain is not None and record.gain.is_sure and record.gain.samples == 60
    assert record.gain.best_accuracy > record.gain.first_accuracy
    assert [len(each.trials) for each in told[:-1]] == list(range(1, len(record.trials) + 1))


def test_the_first_trial_has_the_settings_one_would_use_anyway(data):
    record = search(data, SearchRecord.begin("d", 1, 1.0, _bad_start()), lambda record: None, TrialClock())
    first = record.trials[0]
    assert (first.settings["hidden_layers"], first.settings["learning_rate"]) == ([64], 1e-6)


def test_the_same_seed_tries_the_same_settings(data):
    runs = [
        search(
            data,
            SearchRecord.begin("d", 1, 4.0, TrainConfig(seed=3, hidden_layers=(64,))),
            lambda record: None,
            TrialClock(),
        )
        for _run in range(2)
    ]
    assert [trial.settings for trial in runs[0].trials] == [trial.settings for trial in runs[1].trials]
    assert len(runs[0].trials) > 1


def test_trials_that_fall_behind_are_given_up(data):
    record = search(
        data, SearchRecord.begin("d", 1, 25.0, TrainConfig(hidden_layers=(128,))), lambda record: None, TrialClock()
    )
    assert {trial.state for trial in record.trials} <= {DONE, PRUNED, FAILED}
    given_up = [trial for trial in record.trials if trial.state == PRUNED]
    done = [trial for trial in record.trials if trial.state == DONE]
    assert given_up and max(trial.epochs for trial in given_up) < max(trial.epochs for trial in done)


def test_no_time_at_all_is_told(data):
    with pytest.raises(TrainingError, match="more time"):
        search(data, SearchRecord.begin("d", 1, 0.01, TrainConfig()), lambda record: None, TrialClock(1.0))
