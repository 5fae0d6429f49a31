"""The files that a version and all that it came from never learned, found again to judge a fine-tuning by.

As long as the source is what it was, they are those of the version's own split. Of a folder that has changed since,
they are the files that the version did not count; one that is mostly made of lines that it did count is no stranger.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.errors import DatasetError
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.models.sequence.tokenizer import CodeTokenizer
from dlcodegen_core.training.sequence.source import SequenceSource
from dlcodegen_core.training.tuning.learned_source import LearnedSource
from dlcodegen_core.training.tuning.lessons import Lesson

SHORTEST_LINE = 10
RECOGNISED = 80  # characters of a prompt's end by which the file it stands in is known
MOST_KNOWN = 0.5  # the share of a file's lines that may have been counted elsewhere


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The files, or why there are none."""

    files: tuple[SourceFile, ...]
    why_none: str = ""


def held_out_files(
    card: ModelCard, learned: LearnedSource, tokenizer: CodeTokenizer, read: Callable[[], SequenceSource]
) -> HeldOut:
    """What the version of this card was not trained on. read: its source as it is now; may raise DatasetError."""
    if card.config.held_out == 0:
        return HeldOut((), f"{card.version} learned all of its source, and nothing was held out.")
    try:
        source = read()
    except DatasetError as exc:
        return HeldOut((), f"the files held out of {card.version} are not to be found. {exc}")
    if source.fingerprint == card.dataset_fingerprint:
        _training, kept_out = source.split(card.config.held_out, card.config.seed)
        return HeldOut(tuple(kept_out), "" if kept_out else "the source is too small to hold anything out.")
    if learned.starts is None:
        return HeldOut((), f"the source of {card.version} has changed since it was trained.")
    strangers = _strangers(source.files, set(learned.starts.paths), learned.lines(tokenizer, SHORTEST_LINE))
    why = "" if strangers else f"the source of {card.version} has changed, and no file of it is new to the model."
    return HeldOut(tuple(strangers), why)


def not_shown(files: Sequence[SourceFile], lessons: Sequence[Lesson]) -> list[SourceFile]:
    """The files that no lesson's prompt ends in: of a file that one was given in, the child has learned a part."""
    ends = [end for lesson in lessons if len(end := lesson.prompt[-RECOGNISED:]) >= RECOGNISED // 2]
    return [file for file in files if not any(end in file.text for end in ends)]


def _strangers(files: Sequence[SourceFile], paths: set[str], known: set[str]) -> list[SourceFile]:
    found = []
    for file in files:
        lines = [code for line in file.text.split("\n") if len(code := line.strip()) >= SHORTEST_LINE]
        familiar = sum(line in known for line in lines)
        if file.path not in paths and lines and familiar <= MOST_KNOWN * len(lines):
            found.append(file)
    return found
