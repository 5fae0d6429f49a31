"""What the panel of a training makes of its events."""

import pytest

from dlcodegen_core.training.events import EpochEnded, phases_of
from pages._shared.training_panel import PHASE_WORDS, PHASES_TOLD, TUNINGS_TOLD, rounds_of


def epoch(number, seconds, loss=1.0):
    return EpochEnded(number, 3, loss, 0.0, None, None, seconds, best=True)


def test_the_finished_model_is_no_point_on_the_curve_of_its_network():
    rounds = [epoch(1, 1.0), epoch(2, 2.1)]
    assert rounds_of([*rounds, epoch(3, 2.1, loss=0.2)]) == rounds


def test_epochs_that_all_take_time_are_all_drawn():
    epochs = [epoch(1, 0.4), epoch(2, 0.8), epoch(3, 1.3)]
    assert rounds_of(epochs) == epochs
    assert rounds_of([]) == []


@pytest.mark.parametrize("kind", ["sequence", "deepcodenet"])
def test_every_phase_is_named_and_explained_in_its_order(kind):
    assert tuple(PHASES_TOLD[kind]) == phases_of(kind)
    assert set(phases_of(kind)) <= set(PHASE_WORDS)


@pytest.mark.parametrize("kind", ["sequence", "deepcodenet"])
def test_so_is_every_phase_of_a_fine_tuning(kind):
    assert tuple(TUNINGS_TOLD[kind]) == phases_of(kind, tuning=True)
    assert set(phases_of(kind, tuning=True)) <= set(PHASE_WORDS)
