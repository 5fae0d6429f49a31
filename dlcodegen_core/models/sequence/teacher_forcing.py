"""What the model would have said along a text that is known: for measuring it, and for watching it learn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.sequence_model import SequenceModel

STRETCH = 32  # tokens read on from one place

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TokenJudgement:
    """One known token: the model's probability of it, its rank (0: it was first), the highest probability, and its
    length in characters."""

    probability: float
    rank: int
    highest: float
    characters: int


def judge(model: SequenceModel, files: Sequence[Ints], tokens: int, seed: int) -> Iterator[list[TokenJudgement]]:
    """Judgements along random stretches of the files, a list for each, of about `tokens` tokens in all.

    Each stretch belongs to one file and is drawn in proportion to the files' lengths.
    """
    lengths = np.array([len(file) for file in files], float)
    if not lengths.sum():
        return
    random = np.random.default_rng(seed)
    for _stretch in range(-(-tokens // STRETCH)):
        file = files[int(random.choice(len(files), p=lengths / lengths.sum()))]
        start = int(random.integers(0, max(1, len(file) - STRETCH)))
        yield judge_stretch(model, file, start, min(len(file), start + STRETCH))


def judge_stretch(model: SequenceModel, file: Ints, start: int, end: int) -> list[TokenJudgement]:
    """Judgements of the tokens from `start` to before `end`."""
    beams = model.begin(file[:start])
    judgements = []
    for position in range(start, end):
        token = int(file[position])
        chances = model.probabilities(beams)[0]
        chance = float(chances[token])
        size = len(model.tokenizer.bytes_of[token].decode("utf-8", "ignore"))
        judgements.append(TokenJudgement(chance, int((chances > chance).sum()), float(chances.max()), size))
        if position + 1 < end:
            beams = model.advance(beams, [0], [token])
    return judgements
