"""Walks once more along a completion that is known, and writes down what each predictor gave to each of its tokens.

The walk goes as the search went: the prompt's unfinished last piece is taken back and typed again, and while it is
typed only tokens that fit it are allowed. So the probabilities are those that the search added up. Knows nothing of
files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.errors import RequestError
from dlcodegen_core.inference.prediction import MAX_TOKENS
from dlcodegen_core.models.sequence.copying import NeighbourCopy, PromptCopy
from dlcodegen_core.models.sequence.corpus_counts import CorpusCounts
from dlcodegen_core.models.sequence.gate import COUNTING_EXPERTS, NETWORK, UNIFORM, UNIGRAM
from dlcodegen_core.models.sequence.line_search import SUFFIX_CHARACTERS, unfinished
from dlcodegen_core.models.sequence.sequence_model import Beams, SequenceModel, network_numbers
from dlcodegen_core.models.sequence.tokenizer import LONGEST_TOKEN

# Who can give a token its probability: the network, counts of the training source, copies of the text at hand, copies
# of passages that resemble it, and how frequent the token is anywhere.
Kind = Literal["network", "counts", "prompt", "neighbours", "base rate"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# So few rows are multiplied as exactly as the few beams of a search are.
ROWS_AT_ONCE = 16

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class TokenWalk:
    """The walk along a completion of n tokens.

    prompt, suffix: tokens of the text before, without its unfinished piece, and behind. tokens: shape (n,), the first
    of which type that piece. typed: how many bytes of each were typed already. beams: before each token and behind
    the last one, n + 1. probabilities: of every token there, among those that fit what was typed, shape
    (n + 1, vocabulary). shares: what each of KINDS gave of the token's probability, shape (n, 5); rows add up to 1.
    """

    prompt: Ints
    suffix: Ints
    tokens: Ints
    typed: tuple[int, ...]
    beams: tuple[Beams, ...]
    probabilities: NDArray[np.float32]
    shares: Floats

    def __len__(self) -> int:
        return len(self.tokens)


def walk_along(model: SequenceModel, text: str, suffix: str, completion: str) -> TokenWalk:
    """Read `text` and go on from it along `completion`, before `suffix`. Raises RequestError if it is too long."""
    tokenizer = model.tokenizer
    pending = unfinished(tokenizer, text)
    prompt = tokenizer.encode(text[: len(text) - len(pending.decode())])
    behind = tokenizer.encode(suffix[:SUFFIX_CHARACTERS])
    tokens = tokenizer.encode((pending.decode() + completion)[: MAX_TOKENS * LONGEST_TOKEN])
    if len(tokens) > MAX_TOKENS or len(completion) > MAX_TOKENS * LONGEST_TOKEN:
        raise RequestError(
            f"The completion, with the unfinished word before it, is longer than {MAX_TOKENS} tokens. "
            "Explain its beginning, or a part of it after a longer prompt."
        )
    beams = [model.begin(prompt, (), behind if suffix else None)]
    for token in tokens.tolist():
        beams.append(model.advance(beams[-1], [0], [token]))
    typed = np.clip(len(pending) - np.cumsum([0, *tokenizer.sizes[tokens]]), 0, None)
    probabilities, parts = [], []
    for start in range(0, len(beams), ROWS_AT_ONCE):
        rows = _side_by_side(beams[start : start + ROWS_AT_ONCE])
        probabilities.append(model.probabilities(rows))
        # Nothing comes after the last place; any token will do there.
        parts.append(given(model, rows, np.append(tokens, 0)[start : start + ROWS_AT_ONCE]))
    chances = np.concatenate(probabilities)
    for row, left in enumerate(typed.tolist()):
        if left:
            _only_fitting(chances[row], tokenizer.typing(pending[len(pending) - left :]))
    shares = np.concatenate(parts)[: len(tokens)]
    return TokenWalk(
        prompt,
        behind,
        tokens,
        tuple(np.minimum(typed[:-1], tokenizer.sizes[tokens]).tolist()),
        tuple(beams),
        chances,
        shares / shares.sum(axis=1, keepdims=True),
    )


def given(model: SequenceModel, beams: Beams, tokens: Ints) -> Floats:
    """How much probability each of KINDS gives to each beam's token; a row adds up to what `probabilities` says."""
    log_network = model.network.log_probabilities(beams.hidden)
    of_network = np.exp(log_network)
    said = model.evidence(beams)
    numbers = np.concatenate([said.numbers, network_numbers(of_network, log_network)], axis=1)
    trust = model.gate.shares(numbers, beams.hidden)
    counted = trust[:, :COUNTING_EXPERTS] * said.shares_of(tokens, COUNTING_EXPERTS)
    edges = np.cumsum([0, CorpusCounts.experts, PromptCopy.experts])
    corpus, prompt, neighbours = np.add.reduceat(counted.astype(np.float64), edges, axis=1).T
    assert edges[-1] + NeighbourCopy.experts == COUNTING_EXPERTS
    row = np.arange(len(tokens))
    network = trust[:, NETWORK] * of_network[row, tokens]
    base = trust[:, UNIGRAM] * model.unigram[tokens] + trust[:, UNIFORM] / len(model.tokenizer)
    return np.stack([network, corpus, prompt, neighbours, base], axis=1).astype(np.float64)


def _side_by_side(beams: Sequence[Beams]) -> Beams:
    """Beams of one each as one of several: enough to ask for probabilities, not to go on from."""
    return Beams(
        tuple(beam.contexts[0] for beam in beams),
        tuple(beam.copies[0] for beam in beams),
        tuple(beam.neighbours[0] for beam in beams),
        beams[0].reading,
        None,
        np.concatenate([beam.hidden for beam in beams]),
    )


def _only_fitting(chances: NDArray[np.float32], fitting: Ints) -> None:
    """Leave the chances of these tokens, among themselves; in place."""
    kept = chances[fitting] / max(float(chances[fitting].sum()), 1e-12)
    chances[:] = 0
    chances[fitting] = kept
