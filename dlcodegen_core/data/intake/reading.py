"""From files found to a reading: the one place where files are opened, judged, told from copies and counted."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dlcodegen_core.data.intake.entries import MAX_FILE_BYTES, TOO_LARGE, Unreadable, printable
from dlcodegen_core.data.intake.progress import Heartbeat
from dlcodegen_core.data.intake.walk import FileFound, Walked
from dlcodegen_core.data.source_content import plain_text, unwanted
from dlcodegen_core.data.source_files import SUFFIXES, SkippedFile, SourceFile, SourceReading
from dlcodegen_core.errors import DatasetError

MAX_TOTAL_BYTES = 64_000_000
_KINDS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """A file's text, or else the reason to skip it, and whether a person's rule may overrule that reason."""

    text: str
    reason: str = ""
    can_be_forced: bool = False

    def digest(self) -> bytes:
        return hashlib.sha256(self.text.encode()).digest()


def judge(file: FileFound) -> Judgement:
    """Open one file and look at what it holds."""
    try:
        content = file.read()
    except Unreadable as exc:
        return Judgement("", str(exc))
    return judge_content(content, file.forced)


def judge_content(content: bytes, forced: bool) -> Judgement:
    """Look at what a file holds. forced: whether a person wants it whatever its taste."""
    if len(content) > MAX_FILE_BYTES:
        return Judgement("", TOO_LARGE)
    text, reason = plain_text(content)
    if reason:
        return Judgement("", reason)
    if not forced and (reason := unwanted(text)):
        return Judgement("", reason, can_be_forced=True)
    return Judgement(text)


def read_found(
    walked: Walked, judgements: Iterable[Judgement], where: str, advice: str, heartbeat: Heartbeat
) -> SourceReading:
    """Take the judgements of the files found, one after another, until there is enough.

    Raises DatasetError naming `where`, with `advice` on what to do, if nothing can be used.
    """
    files: list[SourceFile] = []
    skipped = list(walked.skipped)
    first_with: dict[bytes, str] = {}
    size_bytes, left_out = 0, 0
    total = len(walked.files)
    heartbeat.tell(0, total)
    for number, (file, judged) in enumerate(zip(walked.files, judgements, strict=False)):
        heartbeat.beat(number, total)
        if judged.reason:
            skipped.append(SkippedFile(file.path, judged.reason, judged.can_be_forced))
            continue
        digest = judged.digest()
        if digest in first_with and not file.forced:
            reason = f"a copy of another file (the same as {first_with[digest]})"
            skipped.append(SkippedFile(file.path, reason, can_be_forced=True))
            continue
        length = len(judged.text) if judged.text.isascii() else len(judged.text.encode())
        if size_bytes + length > MAX_TOTAL_BYTES:
            left_out = total - number
            break
        first_with.setdefault(digest, file.path)
        files.append(SourceFile(file.path, judged.text, file.language))
        size_bytes += length
    heartbeat.tell(total, total)
    if left_out:
        files_left = "1 more file" if left_out == 1 else f"{left_out:,} more files"
        skipped.append(SkippedFile(files_left, f"left out: more than {MAX_TOTAL_BYTES // 10**6} MB in all"))
    if not files:
        raise DatasetError(_nothing_in(where, advice, skipped, walked.others))
    return SourceReading(tuple(files), tuple(skipped), size_bytes, tuple(walked.others.most_common()))


def _nothing_in(where: str, advice: str, skipped: Sequence[SkippedFile], others: Counter[str]) -> str:
    told = f"{printable(where)}: there is no source file that can be used."
    if skipped:
        reason, count = Counter(file.reason.partition(" (")[0] for file in skipped).most_common(1)[0]
        told += f" Skipped: {len(skipped):,}, most often ({count:,}) for this reason: {reason}."
    if others:
        kinds = ", ".join(kind for kind, _count in others.most_common(_KINDS_SHOWN))
        told += f" Files of other kinds: {others.total():,} ({kinds})."
    return f"{told} {advice} with code in one of these languages: {', '.join(SUFFIXES)}."
