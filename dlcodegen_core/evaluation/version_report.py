"""A version's report: its scoreboard against every baseline on the same held-out lines, and its token quality.

The held-out files are those that the version's own training kept out, found again by the same split. A report is one
JSON file beside the versions, made anew whenever somebody asks for it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.errors import DatasetError, StorageError
from dlcodegen_core.evaluation.baselines.frequency import MostFrequentLine, MostFrequentNextToken
from dlcodegen_core.evaluation.baselines.line_system import LineGuess, LineSystem
from dlcodegen_core.evaluation.baselines.neighbours import Bm25Neighbour, EmbeddingNeighbour, TfidfNeighbour
from dlcodegen_core.evaluation.baselines.next_token import DeepCodeNetNextToken, MlpNextToken
from dlcodegen_core.evaluation.baselines.ngram import NgramLines
from dlcodegen_core.evaluation.baselines.ollama_lines import OllamaLines, find_generating_model
from dlcodegen_core.evaluation.line_cases import LineCase, line_cases
from dlcodegen_core.evaluation.scoreboard import run_scoreboard
from dlcodegen_core.evaluation.scores import Scoreboard
from dlcodegen_core.evaluation.token_quality import TokenQuality, token_quality
from dlcodegen_core.features.embedding import CachedEmbedder
from dlcodegen_core.features.language import detect
from dlcodegen_core.inference.line_syntax import is_sound
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.inference.sequence_answers import LoadedSequence
from dlcodegen_core.latency import LatencyClock
from dlcodegen_core.models import base_model
from dlcodegen_core.storage.files import write_json_atomically

CASES = 200
TOKENS = 3000
LINE_TOKENS = 48
PROMPT_CHARACTERS = 20_000
# (what is being done, share done 0..1); may raise to cancel
ReportProgress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class VersionReport:
    """system: the version's name on the scoreboard. tokens: quality a token, of the systems that have one.

    sound_share: of the version's completions, how many leave the line syntactically possible.
    """

    version: str
    created_at: str
    system: str
    training_files: int
    held_out_files: int
    scoreboard: Scoreboard
    tokens: dict[str, TokenQuality]
    sound_share: float

    def save(self, file: Path) -> None:
        """Raises StorageError."""
        write_json_atomically(file, asdict(self))

    @classmethod
    def load(cls, file: Path) -> "VersionReport":
        """Raises StorageError if the file is missing or no report."""
        try:
            value: dict[str, Any] = json.loads(file.read_bytes())
            tokens = {name: TokenQuality.from_json(quality) for name, quality in value["tokens"].items()}
            return cls(**{**value, "scoreboard": Scoreboard.from_json(value["scoreboard"]), "tokens": tokens})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
            raise StorageError(f"The report {file.name} cannot be read. Make it again on the Evaluate page.") from exc


class SequenceLines:
    """The version itself, as the scoreboard asks it: the first completion that it would offer."""

    def __init__(self, loaded: LoadedSequence, name: str) -> None:
        self.name = name
        self._loaded = loaded

    def complete(self, prompt: str) -> LineGuess:
        """The rest of the line, never from a cache."""
        self._loaded.tree.clear()
        request = PredictionRequest(prompt[-PROMPT_CHARACTERS:], max_tokens=LINE_TOKENS, stop=("\n",))
        answer = self._loaded.answer(request, LatencyClock())
        return LineGuess(answer.completion, answer.confidence)


def make_report(
    loaded: LoadedSequence,
    training: Sequence[SourceFile],
    held_out: Sequence[SourceFile],
    embedder: CachedEmbedder | None,
    ollama_host: str | None,
    progress: ReportProgress,
    cases: int = CASES,
    tokens: int = TOKENS,
    beside: Sequence[LoadedSequence] = (),
) -> VersionReport:
    """Fit the baselines on `training`, put all systems to lines of `held_out`.

    embedder: None leaves out the systems that need one. beside: other sequence models for the same examination.
    Raises DatasetError if there is nothing to measure on.
    """
    asked = line_cases(held_out, cases, seed=0)
    if not asked:
        raise DatasetError("There are no held-out lines of code to measure on. Train with more files held out.")
    name = f"{loaded.card.version} (this model)"
    ngrams = [NgramLines(loaded.model, with_cache=cached) for cached in (False, True)]
    others = [SequenceLines(other, _name_of(other)) for other in beside]
    systems: list[LineSystem] = [SequenceLines(loaded, name), *others, *ngrams]
    systems += _baselines(training, embedder, ollama_host, progress)

    def on_case(system: str, done: int, total: int) -> None:
        place = [s.name for s in systems].index(system)
        progress(f"asking {system}", 0.4 + 0.45 * (place + done / total) / len(systems))

    try:
        board = run_scoreboard(systems, asked, progress=on_case)
    finally:
        for system in systems:
            if isinstance(system, OllamaLines):
                system.close()
    texts = [file.text for file in held_out]
    judged = [(name, loaded.model), *((n.name, n.model) for n in ngrams)]
    judged += [(line.name, other.model) for line, other in zip(others, beside, strict=True)]
    measured = {}
    for number, (who, model) in enumerate(judged):
        progress("counting bits per character", 0.85 + 0.15 * number / len(judged))
        measured[who] = token_quality(model, model.tokenizer.encode_all(texts), tokens)
    return VersionReport(
        version=loaded.card.version,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        system=name,
        training_files=len(training),
        held_out_files=len(held_out),
        scoreboard=board,
        tokens=measured,
        sound_share=_sound_share(board, name, asked),
    )


def _name_of(loaded: LoadedSequence) -> str:
    if loaded.card.version == base_model.NAME:
        return "The base model alone"
    return f"{loaded.card.version} ({loaded.card.name or loaded.card.dataset})"


def _baselines(
    training: Sequence[SourceFile], embedder: CachedEmbedder | None, ollama_host: str | None, progress: ReportProgress
) -> list[LineSystem]:
    makers: list[tuple[str, Callable[[], LineSystem]]] = [
        ("most frequent line", lambda: MostFrequentLine(training)),
        ("most frequent next token", lambda: MostFrequentNextToken(training)),
        ("nearest neighbours by TF-IDF", lambda: TfidfNeighbour(training)),
        ("nearest neighbours by BM25", lambda: Bm25Neighbour(training)),
    ]
    if embedder is not None:
        makers += [
            ("nearest neighbours by embedding", lambda: EmbeddingNeighbour(training, embedder)),
            ("a scikit-learn classifier", lambda: MlpNextToken(training, embedder)),
            ("DeepCodeNet", lambda: DeepCodeNetNextToken(training, embedder)),
        ]
    systems = []
    for number, (what, make) in enumerate(makers):
        progress(f"fitting {what}", 0.4 * number / len(makers))
        systems.append(make())
    if ollama_host and (model := find_generating_model(ollama_host)):
        systems.append(OllamaLines(ollama_host, model))
    return systems


def _sound_share(board: Scoreboard, name: str, cases: Sequence[LineCase]) -> float:
    answers = board.score(name).answers
    sound = [
        is_sound(case.prompt, answer.guess, case.language or detect(case.prompt))
        for case, answer in zip(cases, answers, strict=False)
    ]
    return float(np.mean(sound)) if sound else 0.0
