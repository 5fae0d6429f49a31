"""One fine-tuning of DeepCodeNet on feedback.

    reading      the parent's pairs and the lessons, as samples
    embedding    vectors of all of them; those of the parent's pairs are mostly kept from its own training
    features     the rest of the 544 numbers
    fitting      the network, on lessons and old samples
    comparing    parent and child on held-out samples and on the lessons
    saving       the version, with the verdict in its card

Keywords stay the parent's; the vocabulary grows by taught tokens that it lacks. Moves no alias.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from rapidfuzz import fuzz

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.split import split_pairs
from dlcodegen_core.errors import TrainingCancelled
from dlcodegen_core.features.pipeline import FeaturePipeline
from dlcodegen_core.models.deepcodenet import DeepCodeNet
from dlcodegen_core.models.saved_model import ModelCard, save_model
from dlcodegen_core.models.temperature import as_metrics
from dlcodegen_core.models.training_features import TrainingFeatures
from dlcodegen_core.models.vocabulary import END, UNKNOWN, Sample, Vocabulary, samples_of
from dlcodegen_core.training.confidence import calibrate_on
from dlcodegen_core.training.events import EpochEnded, Finished, Guess, TrainMetrics
from dlcodegen_core.training.phases import PhaseClock, Surroundings, Wish
from dlcodegen_core.training.trainer import EVALUATION_ROWS, Split, evaluate
from dlcodegen_core.training.tuning.classifier_tuning import ClassifierTuning, grown
from dlcodegen_core.training.tuning.decision import Figures, Taught, compare, decide
from dlcodegen_core.training.tuning.lessons import Lesson, set_aside
from dlcodegen_core.training.tuning.record import Feedback, tuned_card, tuning_entry
from dlcodegen_core.training.tuning.request import CLASSIFIER_ROUNDS as ROUNDS

SHOWN = 3

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ClassifierParent:
    """What the fine-tuning starts from: the version, and the pairs that it learned and was measured on."""

    card: ModelCard
    network: DeepCodeNet
    pairs: Sequence[Pair]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Samples with their features, one kind behind the other. `pair` of a taught sample is the number of its lesson."""

    training: list[Sample]
    held_out: list[Sample]
    taught: list[Sample]
    features: Floats
    vocabulary: Vocabulary

    def split(self, samples: Sequence[Sample], first: int) -> Split:
        classes = np.array([self.vocabulary.class_of(sample.token) for sample in samples], np.int64)
        features = np.ascontiguousarray(self.features[first : first + len(samples)])
        return Split(torch.from_numpy(features), torch.from_numpy(classes))

    @property
    def training_split(self) -> Split:
        return self.split(self.training, 0)

    @property
    def held_out_split(self) -> Split:
        return self.split(self.held_out, len(self.training))

    @property
    def taught_split(self) -> Split:
        return self.split(self.taught, len(self.training) + len(self.held_out))


class ClassifierFeedbackTuning:
    """Runs once. Raises TrainingCancelled if it ends with nothing saved."""

    def __init__(self, parent: ClassifierParent, feedback: Feedback, name: str, around: Surroundings) -> None:
        self._parent = parent
        self._card = parent.card
        self._feedback = feedback
        self._name = name
        self._around = around
        self._phases = PhaseClock(around, keeps=("fitting", "comparing", "saving"))
        self._rounds: list[EpochEnded] = []

    def run(self) -> TrainMetrics:
        """Fine-tune, compare, save a version. Raises WorkbenchError."""
        self._phases.enter("reading")
        prepared = self._prepare()
        self._phases.enter("fitting")
        carried = self._see_what_carries_over(prepared)
        child = self._fit(prepared)
        figures = self._compare(prepared, child, carried)
        self._phases.enter("saving")
        metrics = self._measured(prepared, child)
        entry = tuning_entry(self._card, self._feedback, figures, decide(figures))
        entry["new_tokens"] = list(prepared.vocabulary.tokens[len(self._card.tokens) :])
        card = tuned_card(self._card, self._name, metrics, self._rounds, entry, prepared.vocabulary.tokens)
        if self._around.wish() is Wish.DISCARD:
            raise TrainingCancelled("The training was discarded; nothing was kept.")
        learned = np.concatenate([prepared.training_split.features.numpy(), prepared.taught_split.features.numpy()])
        save_model(self._around.claim_version(), card, child.state_dict(), TrainingFeatures.of(learned))
        self._around.emit(Finished(metrics, stopped=self._around.wish() is Wish.STOP))
        return metrics

    def _prepare(self) -> _Prepared:
        config, pairs = self._card.config, self._parent.pairs
        training_pairs, held_out_pairs = split_pairs(pairs, config.held_out, config.seed)
        asked = {lesson.prompt for lesson in self._feedback.lessons}
        training = self._samples(training_pairs)
        # A held-out prompt that a lesson answers would ask one of the two what it was told.
        held_out = self._samples([index for index in held_out_pairs if pairs[index].prompt not in asked])
        taught = [
            sample
            for number, lesson in enumerate(self._feedback.lessons)
            for sample in samples_of(lesson.prompt, lesson.target, number, config.tokens_per_pair)
        ]
        samples = [*training, *held_out, *taught]
        languages = [pairs[sample.pair].language for sample in (*training, *held_out)]
        languages += [self._feedback.lessons[sample.pair].language for sample in taught]
        self._phases.enter("embedding")

        def on_features(done: int, total: int) -> None:
            if self._phases.current != "features":
                self._phases.enter("features")
            self._phases.progress(done, total)

        features = FeaturePipeline(self._card.keywords, self._around.embedder).transform(
            [sample.text for sample in samples],
            [config.language or language for language in languages],
            self._phases.progress,
            on_features,
        )
        known = set(self._card.tokens)
        new = dict.fromkeys(sample.token for sample in taught if sample.token is not None and sample.token not in known)
        return _Prepared(training, held_out, taught, features, Vocabulary([*self._card.tokens, *new]))

    def _samples(self, pairs: Sequence[int]) -> list[Sample]:
        of, tokens = self._parent.pairs, self._card.config.tokens_per_pair
        return [sample for index in pairs for sample in samples_of(of[index].prompt, of[index].target, index, tokens)]

    def _see_what_carries_over(self, prepared: _Prepared) -> Taught | None:
        """What a child that learned four fifths of the lessons makes of the others; None of too few lessons."""
        first, aside = set_aside(self._feedback.lessons)
        if not aside:
            return None
        learned = {lesson.digest for lesson in first}
        split = prepared.taught_split
        rows = [
            row for row, sample in enumerate(prepared.taught) if self._feedback.lessons[sample.pair].digest in learned
        ]
        child = self._child(prepared)
        tuning = self._tuning(prepared, child, Split(split.features[rows], split.classes[rows]))
        for _round in tuning.rounds(self._asked_to_end):
            self._phases.progress(0, 1)
        return self._taught(prepared, child, aside)

    def _fit(self, prepared: _Prepared) -> DeepCodeNet:
        child = self._child(prepared)
        began = self._around.now()
        held_out = prepared.held_out_split
        shown = prepared.taught[:: max(1, len(prepared.taught) // SHOWN)][:SHOWN]
        for result in self._tuning(prepared, child, prepared.taught_split).rounds(self._asked_to_end):
            self._phases.progress(result.number, ROUNDS)
            loss, accuracy = evaluate(child, held_out) if len(held_out) else (None, None)
            _taught_loss, taught_accuracy = evaluate(child, prepared.taught_split)
            event = EpochEnded(
                result.number,
                ROUNDS,
                result.lesson_loss,
                taught_accuracy,
                loss,
                accuracy,
                self._around.now() - began,
                True,
                self._guesses(prepared, child, shown),
            )
            self._rounds.append(event)
            self._around.emit(event)
        if not self._rounds:
            raise TrainingCancelled("The training was ended before it had learned anything, so nothing was kept.")
        return child.eval()

    def _child(self, prepared: _Prepared) -> DeepCodeNet:
        config = self._card.config
        return grown(self._parent.network, len(prepared.vocabulary), config.hidden_layers, config.dropout)

    def _tuning(self, prepared: _Prepared, child: DeepCodeNet, lessons: Split) -> ClassifierTuning:
        old = prepared.training_split.features
        return ClassifierTuning(self._parent.network, child, old, lessons, self._card.config.seed)

    def _asked_to_end(self) -> bool:
        return self._around.wish() is not Wish.GO_ON

    def _compare(self, prepared: _Prepared, child: DeepCodeNet, carried: Taught | None) -> Figures:
        self._phases.enter("comparing")
        taught = self._taught(prepared, child, self._feedback.lessons)
        held_out = prepared.held_out_split
        files = self._files(prepared.held_out)
        if not len(held_out):
            why = f"nothing was held out of {self._card.version} that the feedback does not show."
            return Figures("next tokens", None, None, taught, carried, why)
        before, after = _logits(self._parent.network, held_out), _logits(child, held_out)
        answers = compare(_points(before, held_out), _points(after, held_out), files)
        # Of a token that is new to the vocabulary the parent could only say that it does not know it.
        old = held_out.classes < before.shape[1]
        kept = [file for file, is_old in zip(files, old.tolist(), strict=True) if is_old]
        wanted = held_out.classes[old]
        losses = [
            torch.nn.functional.cross_entropy(logits[old], wanted, reduction="none").double().numpy()
            for logits in (before, after)
        ]
        surprise = compare(losses[0], losses[1], kept) if kept else None
        why = "" if surprise else "all held-out tokens are new to the model."
        return Figures("next tokens", answers, surprise, taught, carried, why)

    def _taught(self, prepared: _Prepared, child: DeepCodeNet, lessons: Sequence[Lesson]) -> Taught:
        """Of each lesson, whether all its steps are right, each after the true ones before it."""
        asked = {lesson.digest for lesson in lessons}
        split = prepared.taught_split
        said = [_tokens(network, split.features, prepared.vocabulary) for network in (self._parent.network, child)]
        right: tuple[list[bool], list[bool]] = ([], [])
        alike: tuple[list[float], list[float]] = ([], [])
        for number, lesson in enumerate(self._feedback.lessons):
            rows = [row for row, sample in enumerate(prepared.taught) if sample.pair == number]
            if lesson.digest not in asked:
                continue
            wanted = [prepared.taught[row].token or "" for row in rows]
            for side in (0, 1):
                guess = [said[side][row] for row in rows]
                right[side].append(guess == wanted)
                alike[side].append(float(fuzz.ratio("".join(guess), "".join(wanted))))
        return Taught.of(right[0], right[1], alike[0], alike[1])

    def _measured(self, prepared: _Prepared, child: DeepCodeNet) -> TrainMetrics:
        training, taught, held_out = prepared.training_split, prepared.taught_split, prepared.held_out_split
        learned = Split(torch.cat([training.features, taught.features]), torch.cat([training.classes, taught.classes]))
        loss, accuracy = evaluate(child, learned)
        val_loss, val_accuracy = evaluate(child, held_out) if len(held_out) else (None, None)
        calibrated = calibrate_on(child, held_out, self._files(prepared.held_out))
        version = self._around.claim_version().name
        self._phases.leave()
        measured = held_out.classes if len(held_out) else learned.classes
        return TrainMetrics(
            loss=loss,
            accuracy=accuracy,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            seconds=self._around.now() - self._phases.began,
            version=version,
            epoch=len(self._rounds),
            epochs=len(self._rounds),
            samples=len(learned),
            held_out_samples=len(held_out),
            unknown_share=float((measured == UNKNOWN).double().mean()),
            vocabulary_size=len(prepared.vocabulary),
            seconds_by_phase=dict(self._phases.seconds_by_phase),
            **as_metrics(calibrated),
        )

    def _files(self, samples: Sequence[Sample]) -> list[str | int]:
        return [self._parent.pairs[sample.pair].source or sample.pair for sample in samples]

    def _guesses(self, prepared: _Prepared, child: DeepCodeNet, shown: Sequence[Sample]) -> tuple[Guess, ...]:
        rows = [prepared.taught.index(sample) for sample in shown]
        features = prepared.taught_split.features[rows]
        said = _tokens(child, features, prepared.vocabulary)
        sure = _logits(child, Split(features, torch.zeros(len(rows)))).softmax(dim=1)
        sure[:, UNKNOWN] = 0
        return tuple(
            Guess(sample.text, sample.token or "", token, float(row.max()))
            for sample, token, row in zip(shown, said, sure, strict=True)
        )


@torch.inference_mode()
def _logits(network: DeepCodeNet, split: Split) -> torch.Tensor:
    network.eval()
    parts = split.features.split(EVALUATION_ROWS)
    return torch.cat([network(part) for part in parts])


def _points(logits: torch.Tensor, split: Split) -> NDArray[np.float64]:
    """100 for each row whose true class comes first among those that may be offered, else 0."""
    offered = logits.clone()
    offered[:, UNKNOWN] = -torch.inf
    hits = (offered.argmax(dim=1) == split.classes) & (split.classes != UNKNOWN)
    points: NDArray[np.float64] = 100 * hits.double().numpy()
    return points


def _tokens(network: DeepCodeNet, features: torch.Tensor, vocabulary: Vocabulary) -> list[str]:
    """What the network would offer first, "" for the end."""
    offered = _logits(network, Split(features, torch.zeros(len(features)))).clone()
    offered[:, UNKNOWN] = -torch.inf
    return ["" if number == END else vocabulary.text_of(number) for number in offered.argmax(dim=1).tolist()]
