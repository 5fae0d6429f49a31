"""Puts the same questions to two sequence models: taught lines, held-out lines, and held-out tokens.

A question is a prompt up to the end of a line's indentation; what is wanted is the rest of the line, as the first
candidate. Held-out lines that the lessons show are left out, for the models would be asked what one of them was told.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.models.sequence.line_ranker import rank_lines, repeats_line_before
from dlcodegen_core.models.sequence.line_search import SearchOptions, search
from dlcodegen_core.models.sequence.network import SmallTransformer
from dlcodegen_core.models.sequence.sequence_model import SequenceModel
from dlcodegen_core.training.sequence.gate_fitting import EvidenceWriter

PROMPT_CHARACTERS = 4_000
SHORTEST_LINE = 10  # characters; the shorter ones are mostly brackets
LINE_TOKENS = 48
LEAST_PROBABILITY = 1e-9
FILE_TOKENS = 2_048  # of one file, so that the tokens come from several
_COMMENTS = ("#", "//", "/*", "*", '"""', "'''")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HeldOutLine:
    """After `prompt` comes `target` in the file at `path`."""

    path: str
    prompt: str
    target: str


@dataclass(frozen=True, slots=True)
class HeldOutTokens:
    """Some tokens of held-out files. asked: which of each file's tokens count; the others are only read."""

    paths: tuple[str, ...]
    files: tuple[Ints, ...]
    asked: tuple[NDArray[np.bool_], ...]

    def __len__(self) -> int:
        return sum(int(mask.sum()) for mask in self.asked)

    @property
    def path_of_each(self) -> list[str]:
        """The file of each token that counts."""
        return [path for path, mask in zip(self.paths, self.asked, strict=True) for _token in range(int(mask.sum()))]


def first_answer(model: SequenceModel, prompt: str) -> str:
    """The rest of the line that the model would offer first."""
    options = SearchOptions(LINE_TOKENS, stop=("\n",))
    ranked = rank_lines(search(model, prompt[-PROMPT_CHARACTERS:], options).hypotheses)
    ranked.sort(key=lambda hypothesis: repeats_line_before(prompt, hypothesis.text))
    return ranked[0].text if ranked else ""


def similarity(guess: str, target: str) -> float:
    """Edit similarity of two lines, 0..100, blanks at their ends aside."""
    return float(fuzz.ratio(guess.rstrip(), target.rstrip()))


def held_out_lines(files: Sequence[SourceFile], taught: set[str], count: int, seed: int) -> list[HeldOutLine]:
    """At most `count` lines, one of each file in turn; the same seed draws the same ones."""
    of_files = [_drawn(file, taught, seed) for file in files]
    lines: list[HeldOutLine] = []
    while of_files and len(lines) < count:
        rest = [(line, more) for more in of_files if (line := next(more, None))]
        lines += [line for line, _more in rest]
        of_files = [more for _line, more in rest]
    return lines[:count]


def held_out_tokens(
    encode: Callable[[str], Ints], files: Sequence[SourceFile], taught: set[str], most: int, seed: int
) -> HeldOutTokens:
    """About `most` tokens, from the beginnings of files in an order drawn by the seed."""
    paths, tokens, masks, found = [], [], [], 0
    for file in sorted(files, key=lambda file: _draw(seed, file.path)):
        if found >= most:
            break
        # Lines are cut apart, so that each token belongs to one; the next line's indentation is judged with this one.
        lines = file.text.split("\n")
        encoded = [encode(f"{line}\n") for line in lines[: FILE_TOKENS // 4]]
        if not sum(map(len, encoded)):
            continue
        asked = [np.full(len(part), line.strip() not in taught) for line, part in zip(lines, encoded, strict=False)]
        paths.append(file.path)
        tokens.append(np.concatenate(encoded)[:FILE_TOKENS])
        masks.append(np.concatenate(asked)[:FILE_TOKENS])
        found += int(masks[-1].sum())
    return HeldOutTokens(tuple(paths), tuple(tokens), tuple(masks))


def token_losses(model: SequenceModel, network: SmallTransformer, tokens: HeldOutTokens) -> Floats:
    """How surprised the whole model is by each token that counts, in nats. network: the model's own, in PyTorch."""
    if not len(tokens):
        return np.zeros(0)
    rows = EvidenceWriter(model.counts, model.index, network, model.unigram).rows(tokens.files)
    chances = (model.gate.shares(rows.numbers, rows.hidden) * rows.shares).sum(axis=1)
    losses: Floats = -np.log(np.maximum(chances[np.concatenate(tokens.asked)], LEAST_PROBABILITY).astype(np.float64))
    return losses


def _drawn(file: SourceFile, taught: set[str], seed: int) -> Iterator[HeldOutLine]:
    found = []
    place = 0
    for number, line in enumerate(file.text.split("\n")):
        code = line.strip()
        if number and len(code) >= SHORTEST_LINE and not code.startswith(_COMMENTS) and code not in taught:
            found.append((number, place + len(line) - len(line.lstrip()), code))
        place += len(line) + 1
    found.sort(key=lambda each: _draw(seed, f"{file.path}:{each[0]}"))
    for _number, start, code in found:
        yield HeldOutLine(file.path, file.text[:start], code)


def _draw(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed} {name}".encode("utf-8", "surrogatepass")).digest()
