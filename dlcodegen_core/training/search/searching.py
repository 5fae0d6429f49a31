"""A search for settings of DeepCodeNet by Optuna: trial after trial on the same features until the time is over.

The first trial has the settings one would use anyway, so what is found can be told against them. Trials are chosen by
one half of the held-out files; what the best one brings is measured on the other half, which chose nothing: the best
of many would flatter itself on the first.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.data.split import split_pairs
from dlcodegen_core.errors import TrainingError
from dlcodegen_core.models.deepcodenet import DeepCodeNet
from dlcodegen_core.training.samples import PreparedSamples
from dlcodegen_core.training.search.records import DONE, FAILED, PRUNED, Gain, SearchRecord, Trial, with_settings
from dlcodegen_core.training.trainer import Split, Trainer, count_hits

if TYPE_CHECKING:
    from optuna import Study

    from dlcodegen_core.data.pairs import Pair

BATCH_SIZES = (16, 32, 64, 128, 256)
FIRST_WIDTHS = (128, 256, 512, 1024)
LEARNING_RATES, DROPOUTS = (1e-4, 1e-2), (0.0, 0.5)
MOST_LAYERS = 4
SMALLEST_WIDTH = 32
MOST_EPOCHS, PATIENCE = 60, 8
TRIALS_BEFORE_GIVING_UP, EPOCHS_BEFORE_GIVING_UP = 4, 4
DRAWS = 2_000
FEWEST_TO_MEASURE = 20  # held-out samples; of fewer, no gain is told

Told = Callable[[SearchRecord], None]


@dataclass(frozen=True, slots=True)
class SearchData:
    """What trials learn from, are chosen by, and what the best one is measured on at the end."""

    classes: int
    training: Split
    choosing: Split
    measuring: Split

    @classmethod
    def of(cls, prepared: PreparedSamples, pairs: "list[Pair]", seed: int) -> "SearchData":
        """The held-out samples in two halves, by source file. Raises TrainingError if none are held out."""
        held_out = prepared.samples[prepared.training :]
        if not held_out:
            raise TrainingError("Nothing is held out to choose settings by. Set a held-out share above 0.")
        numbers = sorted({sample.pair for sample in held_out})
        _first, second = split_pairs([pairs[number] for number in numbers], 0.5, seed + 1)
        measured = {numbers[place] for place in second}
        rows = range(prepared.training, len(prepared.samples))
        choosing = [row for row in rows if prepared.samples[row].pair not in measured]
        measuring = [row for row in rows if prepared.samples[row].pair in measured]
        return cls(
            len(prepared.vocabulary),
            prepared.split(slice(0, prepared.training)),
            prepared.split(choosing or list(rows)),
            prepared.split(measuring),
        )


def first_settings(config: TrainConfig) -> dict[str, Any]:
    """The settings that a search may change, as `config` has them."""
    return {
        "learning_rate": config.learning_rate,
        "dropout": config.dropout,
        "batch_size": config.batch_size,
        "hidden_layers": list(config.hidden_layers),
    }


def search(
    data: SearchData,
    record: SearchRecord,
    tell: Told,
    now: Callable[[], float] = time.monotonic,
) -> SearchRecord:
    """Try settings until record.seconds are over; `tell` hears of the record after every trial.

    Raises TrainingError if not even the first trial got through its first epoch.
    """
    study = _study(record.first.seed)
    ends = now() + record.seconds
    base = replace(record.first, epochs=MOST_EPOCHS, patience=PATIENCE, seconds=None)
    first: dict[str, torch.Tensor] | None = None
    best: dict[str, torch.Tensor] | None = None
    while now() < ends:
        asked = None if not record.trials else study.ask()
        settings = first_settings(record.first) if asked is None else _suggested(asked)
        trainer = Trainer(with_settings(base, settings), data.classes, data.training, data.choosing)
        before = record.best
        trial = _run(trainer, settings, len(record.trials), asked, ends, now)
        if trial.epochs == 0 and trial.state != FAILED:
            break  # the time was over before it had learned anything
        _teach(study, asked, trial)
        record = record.with_trial(trial)
        if first is None:
            first = trainer.best_weights
        if record.best is not before:
            best = trainer.best_weights
        tell(record)
    if record.best is None:
        raise TrainingError(
            f"In {record.seconds:.0f} s not one training came to the end of an epoch. Give the search more time, or "
            "a smaller dataset."
        )
    record = replace(record, over=True, gain=_gain(record, data, first, best))
    tell(record)
    return record


def _study(seed: int) -> "Study":
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=6)
    pruner = optuna.pruners.MedianPruner(TRIALS_BEFORE_GIVING_UP, EPOCHS_BEFORE_GIVING_UP)
    return optuna.create_study(direction="minimize", sampler=sampler, pruner=pruner)


def _suggested(asked: Any) -> dict[str, Any]:
    """One draw of the settings."""
    width = asked.suggest_categorical("first_width", FIRST_WIDTHS)
    layers = asked.suggest_int("layers", 1, MOST_LAYERS)
    return {
        "learning_rate": asked.suggest_float("learning_rate", *LEARNING_RATES, log=True),
        "dropout": asked.suggest_float("dropout", *DROPOUTS),
        "batch_size": asked.suggest_categorical("batch_size", BATCH_SIZES),
        "hidden_layers": _halving(width, layers),
    }


def _halving(width: int, layers: int) -> list[int]:
    """As the seed configuration's layers do."""
    return [max(SMALLEST_WIDTH, width // 2**depth) for depth in range(layers)]


def _run(
    trainer: Trainer, settings: dict[str, Any], number: int, asked: Any, ends: float, now: Callable[[], float]
) -> Trial:
    """One trial, to its end, to where it falls behind, or to the end of the time."""
    began, state = now(), DONE
    try:
        for result in trainer.epochs(lambda: now() > ends, now):
            if asked is not None:
                asked.report(result.score, result.epoch)
                if asked.should_prune():
                    state = PRUNED
                    break
    except TrainingError:  # diverged: settings that are no good, as a search has to expect
        state = FAILED
    best = trainer.best
    return Trial(
        number,
        settings,
        state,
        best.score if best else None,
        best.val_accuracy if best else None,
        len(trainer.results),
        now() - began,
    )


def _teach(study: "Study", asked: Any, trial: Trial) -> None:
    """Tell Optuna how a trial went; the first one, which it did not draw, if it could have drawn it."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.trial import TrialState, create_trial

    states = {DONE: TrialState.COMPLETE, PRUNED: TrialState.PRUNED, FAILED: TrialState.FAIL}
    loss = trial.loss if trial.state == DONE else None
    if asked is not None:
        study.tell(asked, loss, states[trial.state])
        return
    layers = list(trial.settings["hidden_layers"])
    space: dict[str, Any] = {
        "first_width": CategoricalDistribution(FIRST_WIDTHS),
        "layers": IntDistribution(1, MOST_LAYERS),
        "learning_rate": FloatDistribution(*LEARNING_RATES, log=True),
        "dropout": FloatDistribution(*DROPOUTS),
        "batch_size": CategoricalDistribution(BATCH_SIZES),
    }
    values = {"first_width": layers[0], "layers": len(layers), **trial.settings}
    fits = all(
        values[name] in each.choices
        if isinstance(each, CategoricalDistribution)
        else each.low <= values[name] <= each.high
        for name, each in space.items()
    )
    if loss is not None and fits and layers == _halving(layers[0], len(layers)):
        study.add_trial(create_trial(params={name: values[name] for name in space}, distributions=space, values=[loss]))


def _gain(
    record: SearchRecord,
    data: SearchData,
    first: dict[str, torch.Tensor] | None,
    best: dict[str, torch.Tensor] | None,
) -> Gain | None:
    """What the best settings bring on samples that chose nothing, by a bootstrap over these samples."""
    if first is None or best is None or record.best is None or len(data.measuring) < FEWEST_TO_MEASURE:
        return None
    first_losses, first_accuracy = _losses(record.config_of(record.trials[0]), data, first)
    best_losses, best_accuracy = _losses(record.config_of(record.best), data, best)
    gains = first_losses - best_losses
    draws = np.random.default_rng(record.first.seed).integers(0, len(gains), (DRAWS, len(gains)))
    low, high = np.percentile(gains[draws].mean(axis=1), (2.5, 97.5))
    return Gain(
        len(gains), float(first_losses.mean()), first_accuracy, float(best_losses.mean()), best_accuracy,
        float(gains.mean()), float(low), float(high),
    )  # fmt: skip


def _losses(
    config: TrainConfig, data: SearchData, weights: dict[str, torch.Tensor]
) -> tuple[NDArray[np.float64], float]:
    network = DeepCodeNet(data.classes, config.hidden_layers, config.dropout)
    network.load_state_dict(weights)
    network.eval()
    with torch.inference_mode():
        logits = network(data.measuring.features)
        losses = functional.cross_entropy(logits, data.measuring.classes, reduction="none").double().numpy()
        accuracy = count_hits(logits, data.measuring.classes) / len(data.measuring)
    assert math.isfinite(losses.sum())
    return losses, accuracy
