"""A sequence model on files that it may never have seen: tokens and lines, without baselines."""

from collections.abc import Sequence
from dataclasses import dataclass

from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.errors import DatasetError
from dlcodegen_core.evaluation.line_cases import line_cases
from dlcodegen_core.evaluation.line_metrics import Interval
from dlcodegen_core.evaluation.scoreboard import run_scoreboard
from dlcodegen_core.evaluation.token_quality import token_quality
from dlcodegen_core.evaluation.version_report import SequenceLines
from dlcodegen_core.inference.sequence_answers import LoadedSequence

CASES = 100
TOKENS = 3000


@dataclass(frozen=True, slots=True)
class SequenceEvaluation:
    """Means with 95 % intervals. accuracy and top_5_accuracy: of next tokens. exact_match (0..1) and edit_similarity
    (0..100): of lines of code of ten characters or more, None if there are none. calibration_error: of tokens (ECE).
    """

    version: str
    files: int
    tokens: int
    lines: int
    accuracy: Interval
    top_5_accuracy: Interval
    bits_per_character: Interval
    calibration_error: float
    exact_match: Interval | None
    edit_similarity: Interval | None
    p50_ms: float | None
    p95_ms: float | None

    @property
    def sentence(self) -> str:
        """The result for a terminal."""
        told = (
            f"{self.version} on {self.tokens} tokens of {self.files} files: accuracy {self.accuracy.mean:.3f}, "
            f"{self.bits_per_character.mean:.3f} bits a character"
        )
        if self.exact_match and self.edit_similarity:
            told += (
                f"; {self.lines} lines: {self.exact_match.mean:.1%} exact, similarity {self.edit_similarity.mean:.1f}"
            )
        return told


def evaluate_sequence(
    loaded: LoadedSequence, files: Sequence[SourceFile], cases: int = CASES, tokens: int = TOKENS
) -> SequenceEvaluation:
    """Measure on `files`. Raises DatasetError if they hold nothing to measure on."""
    encoded = loaded.model.tokenizer.encode_all([file.text for file in files])
    if not sum(map(len, encoded)):
        raise DatasetError("The files are empty, so there is nothing to measure on.")
    quality = token_quality(loaded.model, encoded, tokens)
    asked = line_cases(files, cases, seed=0)
    name = loaded.card.version
    score = run_scoreboard([SequenceLines(loaded, name)], asked).score(name) if asked else None
    return SequenceEvaluation(
        version=name,
        files=len(files),
        tokens=quality.tokens,
        lines=len(asked),
        accuracy=quality.accuracy,
        top_5_accuracy=quality.top_5_accuracy,
        bits_per_character=quality.bits_per_character,
        calibration_error=quality.calibration_error,
        exact_match=score.exact_match if score else None,
        edit_similarity=score.edit_similarity if score else None,
        p50_ms=score.p50_ms if score else None,
        p95_ms=score.p95_ms if score else None,
    )
