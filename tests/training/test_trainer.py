"""The training loop: repeatable to the bit, keeps the best epoch, stops when it is told."""

import copy
import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models.deepcodenet import DeepCodeNet
from dlcodegen_core.models.vocabulary import UNKNOWN
from dlcodegen_core.training import trainer as trainer_module
from dlcodegen_core.training.trainer import EpochResult, Split, Trainer, _batches, count_hits, evaluate

CLASSES = 5
CONFIG = TrainConfig(hidden_layers=(16, 8), epochs=6, batch_size=4, learning_rate=0.01)
NOTHING = Split(torch.zeros(0, DIMENSIONS), torch.zeros(0, dtype=torch.int64))


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """As the worker has it; on a busy machine several threads wait for each other most of the time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _noise(samples: int, seed: int = 0) -> Split:
    """Features that tell nothing about the classes, so that what is learned of them does not generalise."""
    random = torch.Generator().manual_seed(seed)
    classes = torch.randint(1, CLASSES, (samples,), generator=random)
    return Split(torch.randn(samples, DIMENSIONS, generator=random), classes)


TRAINING, HELD_OUT = _noise(22), _noise(10, seed=1)


def _trainer(config: TrainConfig = CONFIG, training: Split = TRAINING, held_out: Split = HELD_OUT) -> Trainer:
    return Trainer(config, CLASSES, training, held_out)


def _weights(trainer: Trainer) -> dict[str, Tensor]:
    return copy.deepcopy(trainer.network.state_dict())


def _same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def uninterrupted() -> Trainer:
    trainer = _trainer()
    list(trainer.epochs())
    return trainer


def test_the_same_seed_gives_the_same_result(uninterrupted: Trainer) -> None:
    again = _trainer()
    torch.manual_seed(12345)  # what others draw in between changes nothing
    list(again.epochs())
    assert again.results == uninterrupted.results
    assert _same(_weights(again), _weights(uninterrupted))
    assert _same(again.best_weights, uninterrupted.best_weights)


def test_another_seed_gives_another_result(uninterrupted: Trainer) -> None:
    other = _trainer(replace(CONFIG, seed=1))
    list(other.epochs())
    assert not _same(_weights(other), _weights(uninterrupted))


@pytest.mark.parametrize("epochs_before", [0, 1, 3, 6])
def test_a_resumed_training_equals_an_uninterrupted_one_exactly(uninterrupted: Trainer, epochs_before: int) -> None:
    first = _trainer()
    assert len(list(itertools.islice(first.epochs(), epochs_before))) == epochs_before
    _assert_goes_on_like(uninterrupted, copy.deepcopy(first.state()))


@pytest.mark.parametrize("batches_before", [0, 1, 5, 7, 8, 20])
def test_a_training_stopped_in_the_middle_of_an_epoch_resumes_at_its_start(
    uninterrupted: Trainer, batches_before: int
) -> None:
    first, asked = _trainer(), iter(range(1000))
    list(first.epochs(lambda: next(asked) >= batches_before))
    assert len(first.results) == batches_before // 6  # 22 samples in batches of four
    _assert_goes_on_like(uninterrupted, copy.deepcopy(first.state()))


def test_the_same_trainer_goes_on_after_a_stop_as_if_nothing_had_been(uninterrupted: Trainer) -> None:
    trainer, asked = _trainer(), iter(range(1000))
    list(trainer.epochs(lambda: next(asked) >= 9))
    list(trainer.epochs())
    assert trainer.results == uninterrupted.results
    assert _same(_weights(trainer), _weights(uninterrupted))


def _assert_goes_on_like(uninterrupted: Trainer, state: dict[str, object]) -> None:
    second = _trainer()
    second.restore(state)
    list(second.epochs())
    assert second.results == uninterrupted.results
    assert _same(_weights(second), _weights(uninterrupted))
    assert _same(second.best_weights, uninterrupted.best_weights)


def test_the_loop_takes_the_steps_of_a_plain_one() -> None:
    config = replace(CONFIG, epochs=2)
    trainer = _trainer(config)
    list(trainer.epochs())
    torch.manual_seed(config.seed)
    network = DeepCodeNet(CLASSES, config.hidden_layers, config.dropout)
    adam = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    for epoch in (1, 2):
        torch.manual_seed(config.seed * 1_000_003 + epoch)
        for rows in torch.randperm(22).split(4):
            adam.zero_grad()
            functional.cross_entropy(network(TRAINING.features[rows]), TRAINING.classes[rows]).backward()
            adam.step()
    assert _same(_weights(trainer), network.state_dict())


def test_the_weights_of_the_best_epoch_are_kept() -> None:
    trainer = _trainer(replace(CONFIG, epochs=15))
    after_epoch = {result.epoch: _weights(trainer) for result in trainer.epochs()}
    best = min(trainer.results, key=lambda result: (result.val_loss, result.epoch))
    assert best.epoch < 15, "noise does not generalise, so the last epoch is not the best"
    assert trainer.best == best
    assert _same(trainer.best_weights, after_epoch[best.epoch])
    assert evaluate(_network(trainer.best_weights), HELD_OUT) == (best.val_loss, best.val_accuracy)


def _network(weights: dict[str, Tensor]) -> DeepCodeNet:
    network = DeepCodeNet(CLASSES, CONFIG.hidden_layers)
    network.load_state_dict(weights)
    return network


def test_an_epoch_is_marked_best_exactly_when_it_beats_all_before() -> None:
    trainer = _trainer(replace(CONFIG, epochs=15))
    lowest = math.inf
    for result in trainer.epochs():
        assert result.best == (result.score < lowest)
        lowest = min(lowest, result.score)


def test_without_held_out_samples_the_training_loss_decides() -> None:
    trainer = _trainer(held_out=NOTHING)
    results = list(trainer.epochs())
    assert all(result.val_loss is None and result.val_accuracy is None for result in results)
    assert trainer.best is not None and trainer.best.loss == min(result.loss for result in results)


def test_patience_ends_the_training_that_many_epochs_after_the_best() -> None:
    trainer = _trainer(replace(CONFIG, epochs=1000, patience=3))
    results = list(trainer.epochs())
    assert trainer.best is not None and len(results) == trainer.best.epoch + 3 < 1000


def test_a_training_that_ran_out_of_patience_does_not_go_on_when_resumed() -> None:
    first = _trainer(replace(CONFIG, epochs=1000, patience=2))
    list(first.epochs())
    second = _trainer(replace(CONFIG, epochs=1000, patience=2))
    second.restore(copy.deepcopy(first.state()))
    assert list(second.epochs()) == []


def test_the_time_limit_ends_the_training_between_batches() -> None:
    trainer = _trainer(replace(CONFIG, epochs=1000, seconds=25))
    assert len(list(trainer.epochs(now=lambda: 10.0 * len(trainer.results)))) == 3


def test_the_time_limit_counts_anew_after_a_resume() -> None:
    state = _trainer(replace(CONFIG, epochs=1000, seconds=1)).state()
    trainer = _trainer(replace(CONFIG, epochs=2, seconds=1))
    trainer.restore(copy.deepcopy(state))
    assert len(list(trainer.epochs(now=lambda: 1_000_000.0))) == 2


def test_a_stop_within_the_first_epoch_leaves_nothing_to_keep() -> None:
    trainer = _trainer()
    assert list(trainer.epochs(lambda: True)) == []
    assert trainer.best is None and trainer.results == []


@pytest.mark.parametrize("batch_size", [1, 2, 64])
@pytest.mark.parametrize("samples", [1, 2, 3, 5, 65])
def test_any_number_of_samples_can_be_trained_though_batchnorm_needs_two(samples: int, batch_size: int) -> None:
    trainer = _trainer(replace(CONFIG, epochs=2, batch_size=batch_size), _noise(samples), NOTHING)
    assert all(math.isfinite(result.loss) for result in trainer.epochs())


@given(st.integers(1, 300), st.integers(1, 70))
def test_each_sample_is_drawn_once_an_epoch_and_no_batch_is_of_one(samples: int, batch_size: int) -> None:
    batches = _batches(samples, batch_size)
    drawn = sorted(int(row) for batch in batches for row in batch)
    assert drawn == (list(range(samples)) if samples > 1 else [0, 0])
    assert all(2 <= len(batch) <= max(2, batch_size) + 1 for batch in batches)


def test_one_sample_is_learned() -> None:
    config = replace(CONFIG, epochs=60, dropout=0)
    trainer = _trainer(config, _noise(1), NOTHING)
    results = list(trainer.epochs())
    assert results[-1].accuracy == 1
    assert results[-1].loss < results[0].loss


def test_equal_targets_are_learned_at_once() -> None:
    equal = Split(TRAINING.features, torch.full_like(TRAINING.classes, 3))
    trainer = _trainer(
        replace(CONFIG, epochs=30), equal, Split(HELD_OUT.features, torch.full_like(HELD_OUT.classes, 3))
    )
    *_, last = trainer.epochs()
    assert last.val_accuracy == 1
    assert last.loss < trainer.results[0].loss


def test_targets_that_are_all_unknown_count_as_misses() -> None:
    unknown = Split(TRAINING.features, torch.full_like(TRAINING.classes, UNKNOWN))
    assert all(result.accuracy == 0 for result in _trainer(training=unknown, held_out=NOTHING).epochs())


def test_a_hit_is_a_true_class_ranked_first_among_those_that_may_be_offered() -> None:
    logits = torch.tensor([[9.0, 1, 5], [9, 5, 1], [9, 1, 5], [0, 0, 1]])
    assert count_hits(logits, torch.tensor([2, 2, UNKNOWN, 2])) == 2


def test_evaluating_in_pieces_equals_evaluating_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    network = _trainer().network
    loss, accuracy = evaluate(network, TRAINING)
    monkeypatch.setattr(trainer_module, "EVALUATION_ROWS", 3)
    assert evaluate(network, TRAINING) == (pytest.approx(loss, rel=1e-5), accuracy)
    with torch.inference_mode():
        truth = functional.cross_entropy(network.eval()(TRAINING.features), TRAINING.classes)
    assert loss == pytest.approx(float(truth), rel=1e-5)


def test_evaluating_learns_nothing() -> None:
    trainer = _trainer()
    before = _weights(trainer)
    evaluate(trainer.network, TRAINING)
    assert _same(_weights(trainer), before)


def test_the_score_is_the_held_out_loss_where_there_is_one() -> None:
    assert EpochResult(1, 0.1, 1, 0.5, 1, best=True).score == 0.5
    assert EpochResult(1, 0.1, 1, None, None, best=True).score == 0.1


def test_epochs_come_one_by_one_while_they_are_trained() -> None:
    epochs: Iterator[EpochResult] = _trainer().epochs()
    assert [next(epochs).epoch, next(epochs).epoch] == [1, 2]
