"""Lines of held-out files that a training completes on the way: a few to show how it learns, more to calibrate on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.line_ranker import rank_lines
from dlcodegen_core.models.sequence.line_search import SearchOptions, search
from dlcodegen_core.models.sequence.sequence_model import SequenceModel
from dlcodegen_core.models.sequence.tokenizer import CodeTokenizer
from dlcodegen_core.training.events import Guess

SHORTEST_LINE = 10
GUESSES = 3
GUESS_CHARACTERS = 400

Ints = NDArray[np.int64]


def lines_of(tokenizer: CodeTokenizer, files: Sequence[Ints], count: int, seed: int) -> list[tuple[str, str]]:
    """Lines of ten characters or more from the files: the text up to the line's indentation, and the rest of it."""
    found = []
    for file in files:
        text = tokenizer.decode(file)
        place = 0
        for line in text.splitlines(keepends=True):
            code = line.strip()
            if place and len(code) >= SHORTEST_LINE:
                start = place + len(line) - len(line.lstrip())
                found.append((text, start, code))
            place += len(line)
    chosen = np.random.default_rng(seed).permutation(len(found))[:count]
    return [(found[index][0][: found[index][1]], found[index][2]) for index in chosen.tolist()]


def guesses_of(model: SequenceModel, lines: Sequence[tuple[str, str]]) -> tuple[Guess, ...]:
    """How the model completes the lines, as they are shown to a person."""
    guesses = []
    for prompt, target in lines:
        if found := rank_lines(search(model, prompt, SearchOptions(stop=("\n",))).hypotheses):
            chance = float(np.exp(found[0].log_probability))
            guesses.append(Guess(prompt[-GUESS_CHARACTERS:], target, found[0].text, chance))
    return tuple(guesses)
