"""A training from pairs to a saved version, without a process around it and with a made-up embedder."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.data.demo import EXAMPLE_PAIRS
from dlcodegen_core.data.pairs import Pair, fingerprint
from dlcodegen_core.data.split import split_pairs
from dlcodegen_core.errors import EmbedderUnavailable, StorageError, TrainingCancelled, TrainingError
from dlcodegen_core.features.code_tokens import words
from dlcodegen_core.features.embedding import CachedEmbedder, unit_vectors
from dlcodegen_core.features.embedding_store import EmbeddingStore
from dlcodegen_core.features.layout import EMBEDDING
from dlcodegen_core.models.saved_model import load_card, load_model, load_training_features
from dlcodegen_core.models.temperature import reliability_of
from dlcodegen_core.models.version_folders import next_version_folder, version_folders
from dlcodegen_core.training import session as session_module
from dlcodegen_core.training.events import PHASES, EpochEnded, Event, Finished, PhaseProgress
from dlcodegen_core.training.session import DataSource, Surroundings, TrainingSession, Wish
from dlcodegen_core.training.trainer import Trainer, evaluate

CONFIG = TrainConfig(hidden_layers=(16, 8), epochs=6, batch_size=8, held_out=0.25)
# Each pair has a word of its own in the prompt, and comes from a file of its own.
PAIRS = [Pair(f"def name{chr(97 + n)}(self):", f"return self.{'abc'[n % 3]}", "python", f"{n}.py") for n in range(20)]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """As the worker has it; on a busy machine several threads wait for each other most of the time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class DigestEmbedder:
    """Vectors drawn from a digest of the text: the same text always gives the same vector."""

    identity = "local:digest"
    title = "digest"

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += texts
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts]
        rows = [np.random.default_rng(seed).standard_normal(EMBEDDING.size) for seed in seeds]
        return unit_vectors(np.array(rows, np.float32), self.title)


class AbsentEmbedder(DigestEmbedder):
    """A server that does not answer."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise EmbedderUnavailable("Ollama does not answer.")


class Seconds:
    """A clock that goes on by a second each time it is asked."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        self.time += 1
        return self.time


@dataclass
class Stage:
    """A training's surroundings on a folder; `wish` may be changed at any event, or at a look after an epoch."""

    root: Path
    embedder: DigestEmbedder = field(default_factory=DigestEmbedder)
    events: list[Event] = field(default_factory=list)
    wish: Wish = Wish.GO_ON
    suspend_at_look: int | None = None
    looks: int = 0
    on_event: Callable[[Event], None] = lambda event: None
    now: Callable[[], float] = field(default_factory=Seconds)

    @property
    def versions(self) -> list[str]:
        return [path.name for path in version_folders(self.root / "versions")]

    @property
    def checkpoint(self) -> Path:
        return self.root / "checkpoint.safetensors"

    @property
    def epochs(self) -> list[EpochEnded]:
        return [event for event in self.events if isinstance(event, EpochEnded)]

    def session(self, pairs: Sequence[Pair] = PAIRS, config: TrainConfig = CONFIG) -> TrainingSession:
        store = EmbeddingStore(self.root / "embeddings.sqlite")
        around = Surroundings(
            embedder=CachedEmbedder(self.embedder, store),
            emit=self._hear,
            wish=self._look,
            claim_version=lambda: next_version_folder(self.root / "versions"),
            checkpoint=self.checkpoint,
            now=self.now,
        )
        return TrainingSession(DataSource(pairs, "d", 3, fingerprint(pairs)), config, "mine", around)

    def wish_at(self, wish: Wish, when: Callable[[Event], bool]) -> None:
        def change(event: Event) -> None:
            if when(event):
                self.wish = wish

        self.on_event = change

    def _look(self) -> Wish:
        self.looks += bool(self.epochs)
        due = self.suspend_at_look is not None and self.looks >= self.suspend_at_look
        return Wish.SUSPEND if due else self.wish

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        self.on_event(event)


def _epoch(number: int) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, EpochEnded) and event.epoch == number


def _phase(name: str) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, PhaseProgress) and event.phase == name


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_a_training_ends_with_a_version_that_loads(stage: Stage) -> None:
    metrics = stage.session().run()
    card, network = load_model(stage.root / "versions" / "v1")
    assert stage.versions == ["v1"] and metrics.version == card.version == "v1"
    assert (card.name, card.dataset, card.dataset_revision) == ("mine", "d", 3)
    assert (card.pairs, card.samples, card.config) == (20, 15, CONFIG)
    assert card.embedder == "local:digest"
    assert card.dataset_fingerprint == fingerprint(PAIRS)
    assert network.output.out_features == metrics.vocabulary_size == len(card.vocabulary)
    assert [curve["epoch"] for curve in card.curves] == [1, 2, 3, 4, 5, 6]


def test_the_phases_come_in_order_and_each_is_said_to_begin(stage: Stage) -> None:
    stage.session().run()
    phases = [event.phase for event in stage.events if isinstance(event, PhaseProgress)]
    assert list(dict.fromkeys(phases)) == list(PHASES)
    assert phases == sorted(phases, key=PHASES.index)


def test_epochs_come_after_fitting_began_and_before_saving(stage: Stage) -> None:
    stage.session().run()
    fitting = next(index for index, event in enumerate(stage.events) if _phase("fitting")(event))
    saving = next(index for index, event in enumerate(stage.events) if _phase("saving")(event))
    epochs = [index for index, event in enumerate(stage.events) if isinstance(event, EpochEnded)]
    assert fitting < epochs[0] < epochs[-1] < saving
    assert [event.epoch for event in stage.epochs] == [1, 2, 3, 4, 5, 6]
    assert isinstance(stage.events[-1], Finished)


def test_the_seconds_of_the_phases_add_up_to_the_total(stage: Stage) -> None:
    metrics = stage.session().run()
    assert list(metrics.seconds_by_phase) == list(PHASES)
    # The clock was asked twice, at the very beginning and for the total, outside of any phase.
    assert metrics.seconds - sum(metrics.seconds_by_phase.values()) == pytest.approx(2, abs=1)


def test_the_metrics_are_those_of_the_epoch_that_was_kept(stage: Stage) -> None:
    metrics = stage.session().run()
    best = min(stage.epochs, key=lambda event: (event.val_loss, event.epoch))
    assert (metrics.epoch, metrics.val_loss, metrics.val_accuracy) == (best.epoch, best.val_loss, best.val_accuracy)
    assert (metrics.epochs, metrics.samples, metrics.held_out_samples) == (6, 15, 5)
    assert stage.events[-1] == Finished(metrics)


def test_the_kept_weights_really_have_the_metrics_that_are_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    trainers = []

    class WatchedTrainer(Trainer):
        def __init__(self, *parts: Any) -> None:
            super().__init__(*parts)
            trainers.append(self)

    monkeypatch.setattr(session_module, "Trainer", WatchedTrainer)
    metrics = stage.session().run()
    _card, network = load_model(stage.root / "versions" / "v1")
    assert evaluate(network, trainers[0].training) == (metrics.loss, metrics.accuracy)
    assert evaluate(network, trainers[0].held_out) == (metrics.val_loss, metrics.val_accuracy)


def test_a_version_keeps_how_the_features_of_its_training_samples_were_spread(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainers = []

    class WatchedTrainer(Trainer):
        def __init__(self, *parts: Any) -> None:
            super().__init__(*parts)
            trainers.append(self)

    monkeypatch.setattr(session_module, "Trainer", WatchedTrainer)
    stage.session().run()
    kept = load_training_features(stage.root / "versions" / "v1")
    features = trainers[0].training.features.numpy()
    assert kept is not None and len(features) == 15
    np.testing.assert_allclose(kept.mean, features.mean(axis=0), atol=2e-3)
    np.testing.assert_allclose(kept.quantiles[[0, 10, 20]], np.quantile(features, [0, 0.5, 1], axis=0), atol=2e-3)


def test_the_confidence_is_calibrated_on_the_held_out_samples(stage: Stage) -> None:
    pairs = [replace(pair, source=f"{round_}{pair.source}") for round_ in range(3) for pair in PAIRS]
    metrics = stage.session(pairs).run()
    told = reliability_of(load_card(stage.root / "versions" / "v1").metrics)
    assert metrics.temperature is not None and told is not None
    assert told.samples == metrics.held_out_samples == 15
    assert stage.events[-1] == Finished(metrics)


def test_too_few_held_out_samples_leave_the_confidence_as_it_is(stage: Stage) -> None:
    metrics = stage.session().run()
    assert (metrics.held_out_samples, metrics.temperature, metrics.reliability) == (5, None, None)


def test_nothing_of_the_held_out_pairs_leaks_into_keywords_or_vocabulary(stage: Stage) -> None:
    pairs = [replace(pair, target=f"only{chr(97 + n)} = 1") for n, pair in enumerate(PAIRS)]
    stage.session(pairs).run()
    card = load_card(stage.root / "versions" / "v1")
    learned, kept_out = split_pairs(pairs, CONFIG.held_out, CONFIG.seed)
    assert len(kept_out) == 5
    for index in kept_out:
        assert not {f"name{chr(97 + index)}"} & set(card.keyword_terms)
        assert not {f"only{chr(97 + index)} "} & set(card.tokens)
    for index in learned:
        assert f"name{chr(97 + index)}" in card.keyword_terms
        assert f"only{chr(97 + index)} " in card.tokens
    assert set(words(pairs[learned[0]].prompt)) <= set(card.keyword_terms)


def test_the_same_data_and_seed_give_the_same_model(stage: Stage, tmp_path: Path) -> None:
    stage.session().run()
    other = Stage(tmp_path / "other")
    other.session().run()
    assert _weights_of(stage) == _weights_of(other)


def _weights_of(stage: Stage, version: str = "v1") -> bytes:
    return (stage.root / "versions" / version / "model.safetensors").read_bytes()


def test_a_text_is_embedded_once_whatever_the_number_of_trainings(stage: Stage) -> None:
    stage.session().run()
    stage.session().run()
    assert len(stage.embedder.embedded) == len(set(stage.embedder.embedded)) == 20
    assert stage.versions == ["v1", "v2"]
    assert _weights_of(stage, "v1") == _weights_of(stage, "v2")


def test_several_tokens_of_each_pair_are_samples_of_their_own(stage: Stage) -> None:
    metrics = stage.session(config=replace(CONFIG, tokens_per_pair=3)).run()
    assert metrics.samples + metrics.held_out_samples == 60  # "return ", "self", "."
    assert metrics.held_out_samples == 15


def test_a_few_samples_are_watched_from_epoch_to_epoch(stage: Stage) -> None:
    stage.session().run()
    watched = [tuple((guess.prompt, guess.target) for guess in event.guesses) for event in stage.epochs]
    assert len(set(watched)) == 1 and len(watched[0]) == 3
    _learned, kept_out = split_pairs(PAIRS, CONFIG.held_out, CONFIG.seed)
    assert {prompt for prompt, _target in watched[0]} <= {PAIRS[index].prompt for index in kept_out}
    assert all(0 <= guess.confidence <= 1 for event in stage.epochs for guess in event.guesses)


def test_stopping_keeps_what_was_learned(stage: Stage) -> None:
    stage.wish_at(Wish.STOP, _epoch(2))
    metrics = stage.session().run()
    assert metrics.epochs == 2 and stage.versions == ["v1"]
    assert stage.events[-1] == Finished(metrics, stopped=True)
    assert stage.checkpoint.exists(), "a stopped training can be resumed"


def test_discarding_keeps_nothing(stage: Stage) -> None:
    stage.wish_at(Wish.DISCARD, _epoch(2))
    with pytest.raises(TrainingCancelled, match="discarded; nothing was kept"):
        stage.session().run()
    assert stage.versions == []
    assert not any(isinstance(event, Finished) for event in stage.events)


def test_discarding_while_saving_keeps_nothing(stage: Stage) -> None:
    stage.wish_at(Wish.DISCARD, _epoch(6))
    with pytest.raises(TrainingCancelled, match="discarded"):
        stage.session().run()
    assert stage.versions == []


def test_suspending_leaves_a_checkpoint_and_no_version(stage: Stage) -> None:
    stage.wish_at(Wish.SUSPEND, _epoch(2))
    with pytest.raises(TrainingCancelled, match="interrupted; it can be resumed"):
        stage.session().run()
    assert stage.versions == []
    assert stage.checkpoint.exists()


@pytest.mark.parametrize("wish", [Wish.STOP, Wish.SUSPEND])
def test_a_resumed_training_gives_the_very_model_of_an_uninterrupted_one(
    stage: Stage, tmp_path: Path, wish: Wish
) -> None:
    stage.wish_at(wish, _epoch(2))
    try:
        stage.session().run()
    except TrainingCancelled:
        assert wish is Wish.SUSPEND
    again = Stage(stage.root)
    resumed = again.session().run(resume=True)
    assert [event.epoch for event in again.epochs] == [3, 4, 5, 6]
    whole = Stage(tmp_path / "whole")
    expected = whole.session().run()
    assert _weights_of(again, resumed.version) == _weights_of(whole)
    assert (resumed.loss, resumed.val_loss, resumed.epoch) == (expected.loss, expected.val_loss, expected.epoch)
    card = load_card(stage.root / "versions" / resumed.version)
    assert card.curves == load_card(whole.root / "versions" / "v1").curves


def test_a_wish_in_the_middle_of_an_epoch_does_not_change_what_a_resume_gives(stage: Stage, tmp_path: Path) -> None:
    stage.suspend_at_look = 2  # after the first epoch: before the second of two batches
    with pytest.raises(TrainingCancelled):
        stage.session().run()
    assert len(stage.epochs) == 1
    stage.suspend_at_look = None
    resumed = stage.session().run(resume=True)
    whole = Stage(tmp_path / "whole")
    whole.session().run()
    assert _weights_of(stage, resumed.version) == _weights_of(whole)


def test_a_checkpoint_of_other_data_or_options_is_refused(stage: Stage) -> None:
    stage.wish_at(Wish.SUSPEND, _epoch(1))
    with pytest.raises(TrainingCancelled):
        stage.session().run()
    for pairs, config in ((PAIRS[1:], CONFIG), (PAIRS, replace(CONFIG, seed=1))):
        with pytest.raises(TrainingError, match="belongs to other data or settings"):
            Stage(stage.root).session(pairs, config).run(resume=True)


def test_resuming_without_a_checkpoint_says_to_start_anew(stage: Stage) -> None:
    with pytest.raises(TrainingError, match="no checkpoint to resume from"):
        stage.session().run(resume=True)


def test_checkpoints_are_written_while_it_trains(stage: Stage) -> None:
    there = []
    stage.on_event = lambda event: there.append(stage.checkpoint.exists()) if isinstance(event, EpochEnded) else None
    stage.session().run()
    assert there[0] is False and there[-1] is True


@pytest.mark.parametrize("phase", ["reading", "embedding", "features", "fitting"])
def test_stopping_before_the_first_epoch_leaves_nothing_to_keep(stage: Stage, phase: str) -> None:
    stage.wish_at(Wish.STOP, _phase(phase))
    with pytest.raises(TrainingCancelled, match="before its first epoch ended, so there is nothing to keep"):
        stage.session().run()
    assert stage.versions == []


def test_vectors_embedded_before_a_cancellation_are_not_embedded_again(stage: Stage) -> None:
    stage.wish_at(Wish.DISCARD, lambda event: _phase("embedding")(event) and event.done == event.total)
    with pytest.raises(TrainingCancelled):
        stage.session().run()
    assert len(stage.embedder.embedded) == 20
    again = Stage(stage.root)
    again.session().run()
    assert again.embedder.embedded == []


def test_an_embedder_that_fails_ends_the_training_with_its_own_words(stage: Stage) -> None:
    stage.embedder = AbsentEmbedder()
    with pytest.raises(EmbedderUnavailable, match="Ollama does not answer"):
        stage.session().run()
    assert stage.versions == []


def test_a_disk_that_refuses_leaves_no_version(stage: Stage) -> None:
    (stage.root / "versions").touch()
    with pytest.raises(StorageError, match="v1 could not be saved"):
        stage.session().run()
    assert not any(isinstance(event, Finished) for event in stage.events)


def test_the_three_pair_example_can_be_trained(stage: Stage) -> None:
    metrics = stage.session(EXAMPLE_PAIRS).run()
    # Two targets begin with an indentation, which is a step of its own.
    assert (metrics.samples, metrics.held_out_samples, metrics.val_loss, metrics.val_accuracy) == (5, 0, None, None)
    assert metrics.unknown_share == 0
    assert metrics.epochs == 6


def test_one_pair_can_be_trained(stage: Stage) -> None:
    metrics = stage.session([Pair("a", "b")], replace(CONFIG, epochs=60, dropout=0)).run()
    assert metrics.accuracy == 1 and metrics.samples == 1


def test_equal_targets_can_be_trained(stage: Stage) -> None:
    config = replace(CONFIG, epochs=40, learning_rate=0.01, dropout=0)
    metrics = stage.session([replace(pair, target="pass") for pair in PAIRS], config).run()
    assert metrics.accuracy == metrics.val_accuracy == 1
    assert metrics.vocabulary_size == 3


def test_held_out_tokens_that_were_never_seen_are_told_as_unknown(stage: Stage) -> None:
    pairs = [replace(pair, target=f"only{n}") for n, pair in enumerate(PAIRS)]
    metrics = stage.session(pairs).run()
    assert metrics.unknown_share == 1
    assert metrics.val_accuracy == 0


def test_pairs_in_a_language_nobody_knows_are_trained_all_the_same(stage: Stage) -> None:
    assert stage.session([replace(pair, language="cobol") for pair in PAIRS]).run().version == "v1"


def test_right_to_left_text_and_emoji_are_code_like_any_other(stage: Stage) -> None:
    metrics = stage.session([Pair("مرحبا = ", "שלום"), Pair("👩‍👩‍👧 = ", "👍🏽 + 1")]).run()
    assert "שלום" in load_card(stage.root / "versions" / metrics.version).tokens
