"""What the baselines learn from: lines of training files, each with the code before it.

They are drawn exactly as the cases of an examination are, so that no baseline is worse off than it need be.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.errors import DatasetError
from dlcodegen_core.evaluation.line_cases import SHORTEST, sample_code_lines

CONTEXT_LINES = 8
CONTEXT_CHARACTERS = 200  # what costs about 10 ms to embed
_LONGEST_CONTEXT = 4_000


@dataclass(frozen=True, slots=True)
class TrainingLine:
    """After `context` came `line` in a file of this path and language."""

    context: str
    line: str
    path: str
    language: str | None


def last_lines(prompt: str) -> str:
    """The indentation the prompt ends with, and the eight lines before it."""
    return "\n".join(prompt[-_LONGEST_CONTEXT:].split("\n")[-CONTEXT_LINES - 1 :])


def last_characters(prompt: str) -> str:
    """The last 200 characters of the prompt."""
    return prompt[-CONTEXT_CHARACTERS:]


def training_lines(
    files: Sequence[SourceFile], limit: int, seed: int, cut: Callable[[str], str] = last_lines
) -> list[TrainingLine]:
    """At most `limit` lines with code before them, drawn evenly over the files.

    `cut` makes the context of the text before a line. Raises DatasetError if the files hold no line to learn from.
    """
    lines = [
        TrainingLine(context, file.text[line.start : line.end], file.path, file.language)
        for file, line in sample_code_lines(files, limit, seed)
        if (context := cut(file.text[max(0, line.start - _LONGEST_CONTEXT) : line.start])).strip()
    ]
    if not lines:
        raise DatasetError(
            f"{len(files):,} training files hold no line of code of {SHORTEST} or more characters. Add files with code."
        )
    return lines
