"""What a sequence model learns from, and how its files are parted: held out, for the gate, and counted."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.data.near_duplicates import split_files
from dlcodegen_core.data.source_files import SourceFile

GATE_SHARE = 0.1  # of the files
FEWEST_UNITS = 10  # a source of fewer files is cut into parts to choose the gate's from
UNIT_LINES = 20

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SequenceSource:
    """The files and where they came from; revision is None for a folder or a file, `folder` empty for the rest."""

    files: Sequence[SourceFile]
    dataset: str
    revision: int | None
    fingerprint: str
    folder: str = ""

    def split(self, held_out: float, seed: int) -> tuple[list[SourceFile], list[SourceFile]]:
        """Training and held-out files; near-duplicates stand on one side."""
        paths, texts = [file.path for file in self.files], [file.text for file in self.files]
        sides = split_files(paths, texts, held_out, seed)
        training, kept_out = ([self.files[index] for index in side] for side in sides)
        return training, kept_out


def units_of(texts: Sequence[str]) -> list[str]:
    """The texts; of a handful, parts of some lines each, so that some can be kept out of the counts."""
    if len(texts) >= FEWEST_UNITS:
        return list(texts)
    parts = []
    for text in texts:
        lines = text.splitlines(keepends=True)
        parts += ["".join(lines[start : start + UNIT_LINES]) for start in range(0, len(lines), UNIT_LINES)]
    return parts


def kept_out_for_gate(units: Sequence[Ints], seed: int) -> tuple[list[Ints], list[Ints]]:
    """Files to count, and files kept out of the counts for the gate; at least one of each if there are two."""
    drawn = sorted(range(len(units)), key=lambda index: _draw(seed, index))
    count = max(1, round(GATE_SHARE * len(units))) if len(units) > 1 else 0
    kept_out = set(drawn[:count])
    return (
        [unit for index, unit in enumerate(units) if index not in kept_out],
        [units[index] for index in drawn[:count]],
    )


def together(files: Sequence[Ints], tokens: int) -> list[list[Ints]]:
    """The files that hold anything, in groups of about so many tokens."""
    groups: list[list[Ints]] = []
    size = tokens
    for file in files:
        if not len(file):
            continue
        if size >= tokens:
            groups.append([])
            size = 0
        groups[-1].append(file)
        size += len(file)
    return groups


def _draw(seed: int, index: int) -> bytes:
    return hashlib.sha256(f"{seed} unit {index}".encode()).digest()
