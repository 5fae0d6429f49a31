"""One fine-tuning of a sequence model on feedback, within a time budget.

    reading      the lessons, and the files held out of the parent
    counting     the suffix array of what the parent counted, with the lessons behind it
    fitting      the network, on lessons and replayed code
    weighing     the gate: on lessons, and on files kept out of the counts for it
    comparing    parent and child on held-out code and on the lessons
    saving       the version, with the verdict in its card

Tokenizer and calibration stay the parent's. Moves no alias: the verdict is for others to act on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.errors import TrainingCancelled
from dlcodegen_core.models.saved_model import ModelCard, save_arrays
from dlcodegen_core.models.sequence.calibration import Calibration
from dlcodegen_core.models.sequence.gate import Gate
from dlcodegen_core.models.sequence.network import SmallTransformer
from dlcodegen_core.models.sequence.network_pass import NetworkPass
from dlcodegen_core.models.sequence.saved_sequence import HEADS, Start, to_arrays
from dlcodegen_core.models.sequence.sequence_model import SequenceModel
from dlcodegen_core.models.sequence.suffix_array import SuffixArray
from dlcodegen_core.threads import one_blas_thread
from dlcodegen_core.training.events import EpochEnded, Finished, Guess, TrainMetrics
from dlcodegen_core.training.phases import PhaseClock, Surroundings, Wish
from dlcodegen_core.training.sequence.gate_fitting import EvidenceWriter, GateRows, of_network
from dlcodegen_core.training.sequence.network_weights import network_of, weights_of
from dlcodegen_core.training.sequence.shown_lines import GUESSES, guesses_of
from dlcodegen_core.training.sequence.source import kept_out_for_gate, together
from dlcodegen_core.training.sequence.token_measures import last_round, measure_tokens, train_metrics
from dlcodegen_core.training.tuning.decision import Figures, Taught, compare, decide
from dlcodegen_core.training.tuning.examination import (
    first_answer,
    held_out_lines,
    held_out_tokens,
    similarity,
    token_losses,
)
from dlcodegen_core.training.tuning.gate_tuning import tune_gate
from dlcodegen_core.training.tuning.held_out import HeldOut, not_shown
from dlcodegen_core.training.tuning.learned_source import REPEATS, SOURCE_TOKENS, LearnedSource
from dlcodegen_core.training.tuning.lessons import Lesson, set_aside, taught_lines
from dlcodegen_core.training.tuning.network_tuning import NetworkTuning, TuningRound, taught_tokens
from dlcodegen_core.training.tuning.record import Feedback, tuned_card, tuning_entry
from dlcodegen_core.training.tuning.request import SEQUENCE_SECONDS

# Shares of the whole time at which the parts end; what is left is for the version's own figures and for saving.
FITTING_ENDS, WEIGHING_ENDS, COMPARING_ENDS = 0.35, 0.5, 0.85
APART_SHARE = 0.4  # of the fitting is for seeing what carries over to lessons set aside, where there are enough
GATE_TOKENS, GATE_FILE_TOKENS = 3_072, 768  # in all, and of one file, so that they come from several
GATE_LESSONS = 100
LESSON_CHARACTERS, LESSON_MOST = 1_500, 400  # of a lesson's prompt, and tokens of it, that the gate sees
ASKED_LESSONS = 60
ASKED_TOKENS = 5_000
FEWEST_LINES, MOST_LINES = 80, 200  # the fewest even if the time is over

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SequenceParent:
    """What the fine-tuning starts from, all of it read from the disk."""

    card: ModelCard
    model: SequenceModel
    calibration: Calibration
    start: Start
    held_out: HeldOut


class SequenceTuning:
    """Runs once. Raises TrainingCancelled if it ends with nothing saved."""

    def __init__(
        self, parent: SequenceParent, feedback: Feedback, config: TrainConfig, name: str, around: Surroundings
    ) -> None:
        """config: the parent's, with the seconds that this may take."""
        self._parent = parent
        self._feedback = feedback
        self._name = name
        self._around = around
        self._seed = config.seed
        self._seconds = config.seconds or SEQUENCE_SECONDS
        self._phases = PhaseClock(around, keeps=("fitting", "weighing", "comparing", "saving"))
        self._rounds: list[EpochEnded] = []
        self._held_out: list[SourceFile] = []

    def run(self) -> TrainMetrics:
        """Fine-tune, compare, save a version. Raises WorkbenchError."""
        one_blas_thread()
        self._phases.enter("reading")
        lessons, parent = self._feedback.lessons, self._parent.model
        tokenizer = parent.tokenizer
        learned = LearnedSource.of(parent.source, self._parent.card.tuning)
        self._held_out = not_shown(self._parent.held_out.files, lessons)
        held_out = tokenizer.encode_all([file.text for file in self._held_out])
        texts = tokenizer.encode_all([lesson.text for lesson in lessons])
        self._phases.enter("counting")
        units, files = learned.with_lessons(texts, self._feedback.dataset)
        counted = SuffixArray.build(units)
        self._phases.enter("fitting")
        torch.manual_seed(self._seed)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = network_of(self._parent.start, len(tokenizer)).to_device(device)
        carried = self._see_what_carries_over(network, learned, held_out)
        self._fit_network(network, learned, held_out, lessons, FITTING_ENDS)
        network.eval()
        weights = weights_of(network)
        passing = NetworkPass({name: value.astype(np.float16) for name, value in weights.items()}, HEADS)
        before = network_of(self._parent.start, len(tokenizer)).eval()
        gate = self._tune_gate(network.to_device(torch.device("cpu")), before, learned, texts)
        child = SequenceModel(tokenizer, counted, passing, gate, parent.fills_gaps)
        figures = self._compare(child, network, before, carried)
        self._phases.enter("saving")
        metrics = self._measured(child, held_out or units)
        self._emit_last(metrics, guesses_of(child, [(lesson.question, lesson.line) for lesson in lessons[:GUESSES]]))
        entry = tuning_entry(self._parent.card, self._feedback, figures, decide(figures))
        entry |= {SOURCE_TOKENS: len(learned.tokens), "seconds": self._seconds}
        card = tuned_card(self._parent.card, self._name, metrics, self._rounds, entry)
        if self._around.wish() is Wish.DISCARD:
            raise TrainingCancelled("The training was discarded; nothing was kept.")
        save_arrays(
            self._around.claim_version(),
            card,
            to_arrays(tokenizer, counted, weights, gate, self._parent.calibration, parent.fills_gaps, files),
        )
        self._around.emit(Finished(metrics, stopped=self._stopped))
        return metrics

    def _see_what_carries_over(
        self, network: SmallTransformer, learned: LearnedSource, held_out: Sequence[Ints]
    ) -> Taught | None:
        """Learn without a fifth of the lessons first, and ask for that fifth. The network then goes on with all."""
        first, aside = set_aside(self._feedback.lessons)
        if not aside:
            return None
        self._fit_network(network, learned, held_out, first, APART_SHARE * FITTING_ENDS)
        if self._stopped:
            return None
        parent = self._parent.model
        texts = parent.tokenizer.encode_all([lesson.text for lesson in first])
        units, _files = learned.with_lessons(texts, self._feedback.dataset)
        passing = NetworkPass(weights_of(network), HEADS)
        child = SequenceModel(parent.tokenizer, SuffixArray.build(units), passing, parent.gate, parent.fills_gaps)
        return _taught(parent, child, aside[:ASKED_LESSONS])

    def _fit_network(
        self,
        network: SmallTransformer,
        learned: LearnedSource,
        held_out: Sequence[Ints],
        lessons: Sequence[Lesson],
        ends: float,
    ) -> None:
        """ends: the share of the whole time at which it does."""
        taught = taught_tokens(self._parent.model.tokenizer, lessons)
        tuning = NetworkTuning(network, learned.tokens, held_out, taught, self._seed)
        until = self._phases.began + ends * self._seconds
        began = self._around.now() - (self._rounds[-1].seconds if self._rounds else 0.0)
        for result in tuning.rounds(lambda: until, self._around.now, lambda: self._around.wish() is not Wish.GO_ON):
            share = min(ends, (self._around.now() - self._phases.began) / self._seconds) / FITTING_ENDS
            self._phases.progress(round(100 * share), 100)
            self._round_ended(result, self._around.now() - began)

    def _round_ended(self, result: TuningRound, seconds: float) -> None:
        number = len(self._rounds) + 1
        event = EpochEnded(
            number,
            number,
            result.lesson_loss,
            0.0,
            result.held_out_loss,
            result.held_out_accuracy,
            seconds,
            True,
        )
        self._rounds.append(event)
        self._around.emit(event)

    def _tune_gate(
        self, network: SmallTransformer, before: SmallTransformer, learned: LearnedSource, texts: Sequence[Ints]
    ) -> Gate:
        """Some files are kept out of the counts for it: ordinary code is code that was not counted."""
        self._phases.enter("weighing")
        parent = self._parent.model
        counted, for_gate = kept_out_for_gate(learned.units, self._seed)
        groups = together([file[:GATE_FILE_TOKENS] for file in for_gate], GATE_TOKENS // 3)
        if not groups or self._stopped:
            return parent.gate
        ends = self._phases.began + WEIGHING_ENDS * self._seconds
        model = SequenceModel.of_counts(parent.tokenizer, SuffixArray.build([*counted, *list(texts) * REPEATS]))
        writer = EvidenceWriter(model.counts, model.index, network, model.unigram)
        rows, trusted, written = [], [], 0
        for files in groups:
            rows.append(writer.rows(files))
            of_parent = of_network(rows[-1], before, files)
            trusted.append(parent.gate.shares(of_parent.numbers, of_parent.hidden))
            written += len(rows[-1])
            self._phases.progress(min(written, GATE_TOKENS), GATE_TOKENS)
            if written >= GATE_TOKENS or self._around.now() > ends:
                break
        of_lessons = self._gate_rows_of_lessons(writer)
        start = self._parent.start.gate
        return Gate(tune_gate(start, GateRows.join(rows), np.concatenate(trusted), of_lessons, self._seed))

    def _gate_rows_of_lessons(self, writer: EvidenceWriter) -> GateRows:
        """The evidence at the taught tokens alone; how a line ends is left out, since the lessons do not go on."""
        chosen = _drawn(self._feedback.lessons, GATE_LESSONS)
        lessons = taught_tokens(self._parent.model.tokenizer, chosen, LESSON_CHARACTERS, LESSON_MOST)
        files = [np.concatenate([lesson.before[1:], lesson.taught]) for lesson in lessons]
        rows = writer.rows(files)
        ends = np.cumsum([len(file) for file in files])
        taught = np.concatenate(
            [np.arange(end - len(lesson.taught), end - 1) for lesson, end in zip(lessons, ends, strict=True)]
        )
        return GateRows(rows.shares[taught], rows.numbers[taught], rows.hidden[taught])

    def _compare(
        self, child: SequenceModel, network: SmallTransformer, before: SmallTransformer, carried: Taught | None
    ) -> Figures:
        """Parent and child on the same items; lines as many as there is time for."""
        self._phases.enter("comparing")
        parent = self._parent.model
        taught = _taught(parent, child, _drawn(self._feedback.lessons, ASKED_LESSONS))
        known = taught_lines(self._feedback.lessons)
        tokens = held_out_tokens(parent.tokenizer.encode, self._held_out, known, ASKED_TOKENS, self._seed)
        lines = held_out_lines(self._held_out, known, MOST_LINES, self._seed)
        if not lines or not len(tokens):
            why = self._parent.held_out.why_none or "the feedback shows all files that were held out."
            return Figures("lines", None, None, taught, carried, why)
        losses = [token_losses(model, own, tokens) for model, own in ((parent, before), (child, network))]
        surprise = compare(losses[0], losses[1], tokens.path_of_each)
        ends = self._phases.began + COMPARING_ENDS * self._seconds
        of_parent: list[float] = []
        of_child: list[float] = []
        for number, line in enumerate(lines):
            if number >= FEWEST_LINES and (self._around.now() > ends or self._stopped):
                break
            of_parent.append(similarity(first_answer(parent, line.prompt), line.target))
            of_child.append(similarity(first_answer(child, line.prompt), line.target))
            self._phases.progress(number + 1, len(lines))
        answers = compare(of_parent, of_child, [line.path for line in lines[: len(of_parent)]])
        return Figures("lines", answers, surprise, taught, carried)

    def _measured(self, model: SequenceModel, files: Sequence[Ints]) -> TrainMetrics:
        """The figures that any version has, on the stretches that the parent was measured on."""
        held_out = bool(self._held_out)
        measured = measure_tokens(model, files, self._seed)
        version = self._around.claim_version().name
        self._phases.leave()
        return train_metrics(
            measured,
            version,
            self._around.now() - self._phases.began,
            len(self._rounds),
            len(model.source),
            sum(map(len, files)) if held_out else 0,
            len(model.tokenizer),
            self._phases.seconds_by_phase,
        )

    def _emit_last(self, metrics: TrainMetrics, guesses: tuple[Guess, ...]) -> None:
        """One more round, in no time, that shows what the finished model makes of the lessons."""
        if self._rounds:
            self._around.emit(last_round(self._rounds[-1], metrics, guesses))

    @property
    def _stopped(self) -> bool:
        return self._around.wish() is Wish.STOP


def _drawn(lessons: Sequence[Lesson], most: int) -> list[Lesson]:
    """At most so many, drawn by their digests, so that which they are is nobody's choice."""
    return sorted(lessons, key=lambda lesson: lesson.digest)[:most]


def _taught(parent: SequenceModel, child: SequenceModel, lessons: Sequence[Lesson]) -> Taught:
    sides = [[first_answer(model, lesson.question).rstrip() for lesson in lessons] for model in (parent, child)]
    right = [[said == lesson.line for said, lesson in zip(side, lessons, strict=True)] for side in sides]
    alike = [[similarity(said, lesson.line) for said, lesson in zip(side, lessons, strict=True)] for side in sides]
    return Taught.of(right[0], right[1], alike[0], alike[1])
