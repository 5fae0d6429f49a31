"""Examines a dataset: every check on every pair, read once, and the verdict.

Of the pairs, digests and shingles are kept, and the prompts of those that name no file, which the split goes by. Knows
no database and no page: who stores the flags, and who moves pairs to the trash, is another's concern.
"""

import operator
import time
from array import array
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from dlcodegen_core.data.doctor.checks import (
    BY_KEY,
    CHECKS,
    CONTRADICTION,
    EXACT_DUPLICATE,
    LEAKAGE,
    NEAR_DUPLICATE,
    SYNTAX,
    DoctorOptions,
    Examination,
    Finding,
    Flag,
)
from dlcodegen_core.data.doctor.copies import Digests, NearDuplicates
from dlcodegen_core.data.doctor.syntax import judge
from dlcodegen_core.data.doctor.text_checks import faults_of
from dlcodegen_core.data.doctor.verdict import pairs as counted
from dlcodegen_core.data.doctor.verdict import verdict
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.split import FEWEST_GROUPS, split_pairs

EXAMPLES = 5
UNKNOWN_TOLD = 0.1  # of the pairs parsed; less is natural, such as text in long comments
SECONDS_BETWEEN_REPORTS = 0.1
# Reading and looking at each pair takes nearly all of the time, comparing them the rest.
_READING, _SPLITTING, _COMPARING = 0.9, 0.92, 0.95

Progress = Callable[[str, float], None]


def examine(
    rows: Iterable[tuple[int, Pair]], options: DoctorOptions | None = None, progress: Progress | None = None
) -> Examination:
    """Examine pairs with the ids that flags shall name; streamed rows are read once.

    progress hears what is being done and how much of all is done, from 0 to 1, and may raise to stop.
    """
    options = options or DoctorOptions()
    examining = _Examining(options, progress, operator.length_hint(rows))
    for row_id, pair in rows:
        examining.read(row_id, pair)
    examining.compare()
    return examining.examination()


class _Examining:
    """One examination under way."""

    def __init__(self, options: DoctorOptions, progress: Progress | None, expected: int) -> None:
        self._options = options
        self._progress = progress
        self._expected = expected
        self._last_report = 0.0
        self._ids = array("q")
        self._digests = Digests()
        self._near = NearDuplicates(options.near_duplicate_similarity, options.near_duplicates_at_most)
        # the split goes by files, or else by prompts; one pair stands for all of the same group
        self._groups: dict[str, Pair] = {}
        self._grouped: list[Pair] = []
        self._flags: dict[str, list[Flag]] = {check.key: [] for check in CHECKS}
        self._step = max(1, -(-expected // options.syntax_at_most))  # every so manieth pair is parsed
        self._parsed = 0
        self._unknown = 0
        self._held_out_count = 0

    def read(self, row_id: int, pair: Pair) -> None:
        """Everything that can be told of a pair on its own, and what comparing needs."""
        index = len(self._ids)
        self._report("Looking at each pair", self._share_read(index))
        self._ids.append(row_id)
        self._digests.add(pair)
        self._near.add(index, pair)
        name = f"file {pair.source}" if pair.source else f"prompt {pair.prompt}"
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = Pair("" if pair.source else pair.prompt, "", source=pair.source)
        self._grouped.append(group)
        for key, detail in faults_of(pair, self._options):
            self._flag(index, key, detail)
        if self._is_parsed(index):
            self._parsed += 1
            judgement = judge(pair)
            if judgement == "broken":
                self._flag(index, SYNTAX, f"no sound {pair.language}, whatever stands around it")
            self._unknown += judgement == "unknown"

    def compare(self) -> None:
        """What shows only when pairs are seen together."""
        self._report("Splitting as the training will", _READING, now=True)
        training, held_out = split_pairs(self._grouped, self._options.held_out, self._options.seed)
        self._held_out_count = len(held_out)
        is_held_out = np.zeros(len(self._ids), np.bool_)
        is_held_out[held_out] = True
        self._report("Comparing pairs", _SPLITTING, now=True)
        copies: dict[int, int] = {}
        for index, kept in self._digests.copies(np.array([*training, *held_out], np.int64)):
            copies[index] = kept
        for index in sorted(copies):
            self._flag(index, EXACT_DUPLICATE, f"the same as {self._row(copies[index])}")
        self._report("Comparing pairs that resemble each other", _COMPARING, now=True)
        alike = copies.copy()
        for found in self._near.find(is_held_out, set(copies)):
            self._report("Comparing pairs that resemble each other", _COMPARING)
            alike[found.index] = found.like
            detail = f"{int(found.similarity * 100)} % the same as {self._row(found.like)}"
            self._flag(found.index, NEAR_DUPLICATE, detail)
        for index in sorted(alike):
            if is_held_out[index] and not is_held_out[alike[index]]:
                how = "the same" if index in copies else "nearly the same"
                self._flag(index, LEAKAGE, f"held out, and {how} as {self._row(alike[index])}, which is trained on")
        for index, count, targets in self._digests.contradictions():
            self._flag(index, CONTRADICTION, f"{count:,} pairs have this prompt, with {targets:,} different targets")
        self._flags[CONTRADICTION].sort(key=lambda flag: flag.row_id)

    def examination(self) -> Examination:
        pair_count = len(self._ids)
        findings = tuple(self._finding(key) for key in self._flags)
        line, ready = verdict(findings, pair_count, self._held_out_count, self._options)
        return Examination(
            flags=[flag for flags in self._flags.values() for flag in flags],
            pair_count=pair_count,
            held_out_count=self._held_out_count,
            findings=findings,
            verdict=line,
            ready=ready,
            remarks=tuple(self._remarks()),
        )

    def _is_parsed(self, index: int) -> bool:
        return (
            index % self._step == 0
            and self._parsed < self._options.syntax_at_most
            and self._unsound < self._options.unsound_at_most
        )

    def _flag(self, index: int, key: str, detail: str) -> None:
        self._flags[key].append(Flag(self._ids[index], key, detail, fix=bool(BY_KEY[key].fix_label)))

    def _row(self, index: int) -> str:
        return f"row {self._ids[index]}"

    def _finding(self, key: str) -> Finding:
        flags = self._flags[key]
        examples = tuple((flag.row_id, flag.detail) for flag in flags[:EXAMPLES])
        return Finding(BY_KEY[key], len(flags), sum(flag.fix for flag in flags), examples, self._note(key))

    def _note(self, key: str) -> str:
        """What a check has not looked at, so that nobody takes a part for the whole."""
        total = len(self._ids)
        if key == NEAR_DUPLICATE and self._near.skipped:
            return f"{counted(self._near.compared)} of {total:,} were compared; exact copies were looked for in all."
        if key != SYNTAX:
            return ""
        notes = [f"{counted(self._parsed)} of {total:,} were parsed."] if self._parsed < total else []
        if self._unsound >= self._options.unsound_at_most:
            notes.append("So many of them were not sound that no more were looked at: settle these and examine again.")
        return " ".join(notes)

    def _remarks(self) -> Iterator[str]:
        """What is worth knowing of the dataset as a whole, and is no fault of single pairs."""
        if self._ids and self._options.held_out and not self._held_out_count:
            yield (
                f"Nothing can be held out to measure the model with: that takes pairs from at least {FEWEST_GROUPS} "
                f"files, or {FEWEST_GROUPS} different prompts."
            )
        if self._unknown > UNKNOWN_TOLD * self._parsed:
            yield (
                f"Of {counted(self._unknown)} among {self._parsed:,} neither prompt nor target can be read as code. Is "
                "the language the right one?"
            )

    @property
    def _unsound(self) -> int:
        return len(self._flags[SYNTAX]) + self._unknown

    def _share_read(self, count: int) -> float:
        if self._expected:
            return _READING * min(1.0, count / self._expected)
        return _READING * count / (count + 10_000)  # of how many is not known

    def _report(self, doing: str, share: float, now: bool = False) -> None:
        if self._progress is None:
            return
        moment = time.monotonic()
        if now or moment - self._last_report >= SECONDS_BETWEEN_REPORTS:
            self._last_report = moment
            self._progress(doing, share)
