"""One training of the sequence model, from source files to a saved version, within a time budget.

    reading      files, split, tokenizer
    counting     the suffix array of all files but those for the gate
    fitting      the network
    weighing     the gate, on files the counts have not seen
    calibrating  how often a line of so much probability is right, on the same files
    saving       the suffix array of all training files, the version

The budget is shared out by shares of the whole, so that every part ends in time whatever the source's size.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import numpy as np
import torch
from numpy.typing import NDArray

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.errors import TrainingCancelled
from dlcodegen_core.features.keywords import KeywordVectorizer
from dlcodegen_core.models import base_model
from dlcodegen_core.models.code_version import code_version
from dlcodegen_core.models.saved_model import ModelCard, save_arrays
from dlcodegen_core.models.sequence.calibration import Calibration, fit_calibration
from dlcodegen_core.models.sequence.gate import Gate
from dlcodegen_core.models.sequence.line_ranker import rank_lines
from dlcodegen_core.models.sequence.line_search import SearchOptions, search
from dlcodegen_core.models.sequence.network import SmallTransformer
from dlcodegen_core.models.sequence.network_pass import NetworkPass
from dlcodegen_core.models.sequence.saved_sequence import HEADS, Start, to_arrays
from dlcodegen_core.models.sequence.sequence_model import SequenceModel
from dlcodegen_core.models.sequence.source_map import FileStarts
from dlcodegen_core.models.sequence.suffix_array import SuffixArray
from dlcodegen_core.models.sequence.tokenizer import SMALLEST_VOCABULARY, CodeTokenizer
from dlcodegen_core.threads import one_blas_thread
from dlcodegen_core.training.events import EpochEnded, Finished, Guess, TrainMetrics
from dlcodegen_core.training.phases import PhaseClock, Surroundings, Wish
from dlcodegen_core.training.sequence.gate_fitting import EvidenceWriter, GateRows, fit_gate
from dlcodegen_core.training.sequence.network_fitting import FINE_TUNING, FROM_SCRATCH, NetworkFitting, Round
from dlcodegen_core.training.sequence.network_weights import network_of, weights_of
from dlcodegen_core.training.sequence.shown_lines import GUESSES, guesses_of, lines_of
from dlcodegen_core.training.sequence.source import SequenceSource, kept_out_for_gate, together, units_of
from dlcodegen_core.training.sequence.token_measures import last_round, measure_tokens, train_metrics

DEFAULT_SECONDS = 60.0
# Shares of the whole time at which the parts end.
FITTING_ENDS, WEIGHING_ENDS, CALIBRATING_ENDS = 0.70, 0.90, 0.95
WRITTEN_AT_ONCE = 8192  # tokens
WRITING_SHARE = 0.75  # of the weighing is for writing the evidence down, the rest for fitting the gate
OWN_TOKENS = 1024  # of a source, beyond those of the base model
KEYWORD_FILES = 300
CALIBRATION_LINES, LEAST_CALIBRATED = 250, 12  # the least even if the time is over
SHOWN_EVERY = 0.1  # share of the whole time after which the shown lines are completed anew
BYTES_A_TOKEN = 4  # below this many bytes of source a token, a smaller vocabulary is learned

Ints = NDArray[np.int64]


class SequenceSession:
    """Runs once. Raises TrainingCancelled if it ends with nothing saved."""

    def __init__(self, source: SequenceSource, config: TrainConfig, name: str, around: Surroundings) -> None:
        self._source = source
        self._config = config
        self._name = name
        self._around = around
        self._phases = PhaseClock(around, keeps=("fitting", "weighing", "calibrating", "saving"))
        self._seconds = config.seconds or DEFAULT_SECONDS
        self._rounds: list[EpochEnded] = []

    def run(self) -> TrainMetrics:
        """Train and save a version. Raises WorkbenchError."""
        one_blas_thread()
        self._phases.enter("reading")
        training, kept_out = self._source.split(self._config.held_out, self._config.seed)
        texts, held_out_texts = [file.text for file in training], [file.text for file in kept_out]
        start = None if self._config.from_scratch else base_model.start()
        if start:
            start = start.extended(texts, OWN_TOKENS)
        tokenizer = start.tokenizer if start else CodeTokenizer.train(texts, self._vocabulary_size(texts))
        self._phases.progress(1, 3)
        parts = units_of(texts)
        units = tokenizer.encode_all(parts)
        files = FileStarts.of(training, parts, units)
        held_out = tokenizer.encode_all(held_out_texts)
        keywords = KeywordVectorizer.fit(texts[:: max(1, len(texts) // KEYWORD_FILES)])
        self._phases.enter("counting")
        counted, for_gate = kept_out_for_gate(units, self._config.seed)
        source = SuffixArray.build(counted)
        model = SequenceModel.of_counts(tokenizer, source)
        shown = lines_of(tokenizer, held_out or for_gate or units, GUESSES, self._config.seed + 1)
        network = self._fit_network(model, counted, held_out or for_gate, shown, start)
        gate = self._fit_gate(model, network, for_gate, start)
        weights = weights_of(network)
        passing = NetworkPass({name: value.astype(np.float16) for name, value in weights.items()}, HEADS)
        calibration = self._calibrate(model.with_parts(passing, gate), for_gate)
        self._phases.enter("saving")
        everything = SuffixArray.build(units)
        model = SequenceModel(tokenizer, everything, passing, gate)
        looked_at = held_out or for_gate or units
        metrics = self._measured(model, looked_at, bool(held_out), sum(map(len, units)))
        self._emit_last(metrics, guesses_of(model, shown))
        return self._save(
            to_arrays(tokenizer, everything, weights, gate, calibration, fills_gaps=start is not None, files=files),
            keywords,
            metrics,
        )

    def _vocabulary_size(self, texts: Sequence[str]) -> int:
        """As asked, but no more tokens than a short source can show often enough to be learned."""
        shown = sum(map(len, texts)) // (BYTES_A_TOKEN * 8)
        return max(SMALLEST_VOCABULARY, min(self._config.vocabulary_size, shown))

    def _fit_network(
        self,
        model: SequenceModel,
        counted: Sequence[Ints],
        held_out: Sequence[Ints],
        shown: Sequence[tuple[str, str]],
        start: Start | None,
    ) -> SmallTransformer:
        """model: without a network; it lends the counts, for the lines that are shown meanwhile."""
        self._phases.enter("fitting")
        torch.manual_seed(self._config.seed)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = network_of(start, len(model.tokenizer)).to_device(device)
        pace = FINE_TUNING if start else FROM_SCRATCH
        fitting = NetworkFitting(network, counted, held_out, self._config.seed, pace)
        ends = self._phases.began + FITTING_ENDS * self._seconds
        began = shown_at = self._around.now()
        for result in fitting.rounds(lambda: ends, self._around.now, lambda: self._around.wish() is not Wish.GO_ON):
            self._phases.progress(round(100 * result.progress), 100)
            guesses: tuple[Guess, ...] = ()
            if self._around.now() - shown_at >= SHOWN_EVERY * self._seconds:
                guesses = guesses_of(model.with_parts(NetworkPass(weights_of(network), HEADS)), shown)
                shown_at = self._around.now()
            if result.steps:
                self._round_ended(result, self._around.now() - began, guesses)
        return network.eval()

    def _round_ended(self, result: Round, seconds: float, guesses: tuple[Guess, ...]) -> None:
        number = len(self._rounds) + 1
        expected = max(number, round(number / max(result.progress, 1e-3)))
        event = EpochEnded(
            number,
            expected,
            result.loss,
            0.0,
            result.held_out_loss,
            result.held_out_accuracy,
            seconds,
            True,
            guesses,
        )
        self._rounds.append(event)
        self._around.emit(event)

    def _fit_gate(
        self, model: SequenceModel, network: SmallTransformer, for_gate: Sequence[Ints], start: Start | None
    ) -> Gate:
        self._phases.enter("weighing")
        writer = EvidenceWriter(model.counts, model.index, network, model.unigram)
        began, parts = self._around.now(), []
        ends = max(began + 0.05 * self._seconds, self._phases.began + WEIGHING_ENDS * self._seconds)
        writing_ends = began + WRITING_SHARE * (ends - began)
        groups = together(for_gate, WRITTEN_AT_ONCE)
        for number, files in enumerate(groups):
            parts.append(writer.rows(files))
            self._phases.progress(number + 1, len(groups) + 1)
            if self._around.now() > writing_ends or (self._stopped and parts):
                break
        rows = GateRows.join(parts) if parts else _no_rows(network.shape.width)
        written = self._around.now()
        # The last file may have been a long one; some time is left in any case.
        span = max(0.02 * self._seconds, ends - written)
        time_left = lambda: 1 - (self._around.now() - written) / span  # noqa: E731
        gate_start = start.gate if start else None
        return Gate(fit_gate(rows, self._config.seed, self._phases.progress, time_left, gate_start))

    def _calibrate(self, model: SequenceModel, for_gate: Sequence[Ints]) -> Calibration:
        self._phases.enter("calibrating")
        lines = lines_of(model.tokenizer, for_gate, CALIBRATION_LINES, self._config.seed)
        ends = self._phases.began + CALIBRATING_ENDS * self._seconds
        chances, right = [], []
        for number, (prompt, target) in enumerate(lines):
            if number >= LEAST_CALIBRATED and (self._around.now() > ends or self._stopped):
                break
            found = rank_lines(search(model, prompt, SearchOptions(stop=("\n",))).hypotheses)
            if found:
                chances.append(found[0].log_probability)
                right.append(found[0].text.rstrip() == target)
            self._phases.progress(number + 1, len(lines))
        return fit_calibration(chances, right)

    def _measured(self, model: SequenceModel, files: Sequence[Ints], held_out: bool, tokens: int) -> TrainMetrics:
        """Next-token figures on held-out files; on the gate's, which the final counts know, they would flatter."""
        measured = measure_tokens(model, files, self._config.seed)
        version = self._around.claim_version().name
        self._phases.leave()
        return train_metrics(
            measured,
            version,
            self._around.now() - self._phases.began,
            len(self._rounds),
            tokens,
            sum(map(len, files)) if held_out else 0,
            len(model.tokenizer),
            self._phases.seconds_by_phase,
        )

    def _emit_last(self, metrics: TrainMetrics, guesses: tuple[Guess, ...]) -> None:
        """One more round that shows what the finished model makes of the lines."""
        if self._rounds and guesses:
            self._around.emit(last_round(self._rounds[-1], metrics, guesses))

    def _save(
        self, arrays: dict[str, NDArray[np.generic]], keywords: KeywordVectorizer, metrics: TrainMetrics
    ) -> TrainMetrics:
        if self._around.wish() is Wish.DISCARD:
            raise TrainingCancelled("The training was discarded; nothing was kept.")
        card = ModelCard(
            version=metrics.version,
            name=self._name,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            dataset=self._source.dataset,
            dataset_revision=self._source.revision,
            dataset_fingerprint=self._source.fingerprint,
            pairs=len(self._source.files),
            samples=metrics.samples,
            config=self._config,
            embedder="",
            embedder_title="",
            tokens=(),
            keyword_terms=keywords.terms,
            keyword_idf=keywords.idf,
            metrics=asdict(metrics),
            curves=tuple({**asdict(event), "guesses": ()} for event in self._rounds),
            source_folder=self._source.folder,
            code_version=code_version(),
        )
        save_arrays(self._around.claim_version(), card, arrays)
        self._around.emit(Finished(metrics, stopped=self._stopped))
        return metrics

    @property
    def _stopped(self) -> bool:
        return self._around.wish() is Wish.STOP


def _no_rows(width: int) -> GateRows:
    from dlcodegen_core.models.sequence.gate import EXPERTS, NUMBERS

    empty = np.zeros((0, 1), np.float32)
    return GateRows(empty.repeat(EXPERTS, 1), empty.repeat(NUMBERS, 1), empty.repeat(width, 1))
