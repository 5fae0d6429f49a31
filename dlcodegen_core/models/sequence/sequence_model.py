"""All predictors behind one question: how likely is each token to come next?

A `Position` is one place in a text (a beam): what the copying predictors and the network remember there. It is
immutable; `advance` gives the positions one token further, for several beams at once.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence import gate as gates
from dlcodegen_core.models.sequence.copying import MEMORY_TOKENS, NeighbourCopy, PromptCopy
from dlcodegen_core.models.sequence.corpus_counts import CorpusCounts
from dlcodegen_core.models.sequence.evidence import Evidence, join
from dlcodegen_core.models.sequence.gate import EXPERTS, NETWORK, UNIFORM, UNIGRAM, Gate
from dlcodegen_core.models.sequence.neighbours import NeighbourIndex
from dlcodegen_core.models.sequence.network_pass import Memory, NetworkPass, Reading, window_start
from dlcodegen_core.models.sequence.suffix_array import LONGEST_CONTEXT, SuffixArray
from dlcodegen_core.models.sequence.tokenizer import END_OF_FILE, FILL_IN, FROM_HERE, CodeTokenizer

UNIGRAM_FLOOR = 0.05
SUFFIX_READ = 32  # tokens behind the place that the network reads; it was trained on 8 to 48
SUFFIX_COPIED = 1024  # tokens behind it that may be copied
ENTROPY_SCALE = 0.125

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Beams:
    """Several continuations of one prompt, at the same length.

    hidden: what the network makes of each, (beams, width). grown: its memory of the generated tokens.
    """

    contexts: tuple[tuple[int, ...], ...]
    copies: tuple[PromptCopy, ...]
    neighbours: tuple[NeighbourCopy, ...]
    reading: Reading
    grown: Memory | None
    hidden: Floats

    def __len__(self) -> int:
        return len(self.contexts)


class SequenceModel:
    """Tokenizer, counted source, network and gate. Immutable, so threads may share it."""

    network: NetworkPass
    gate: Gate
    fills_gaps: bool

    def __init__(
        self,
        tokenizer: CodeTokenizer,
        source: SuffixArray,
        network: NetworkPass,
        gate: Gate,
        fills_gaps: bool = False,
    ) -> None:
        """fills_gaps: whether the network was trained to fill in the middle."""
        self._count(tokenizer, source)
        self.network = network
        self.gate = gate
        self.fills_gaps = fills_gaps

    @classmethod
    def of_counts(cls, tokenizer: CodeTokenizer, source: SuffixArray) -> "SequenceModel":
        """A model that still wants its network; `with_parts` gives it one."""
        model = cls.__new__(cls)
        model._count(tokenizer, source)
        model.fills_gaps = False
        return model

    def with_parts(self, network: NetworkPass, gate: Gate | None = None) -> "SequenceModel":
        """The same counts under another network and gate; without a gate, under the fixed preference alone."""
        model = copy(self)
        model.network = network
        model.gate = gate or Gate.of_preference(network.width)
        return model

    def _count(self, tokenizer: CodeTokenizer, source: SuffixArray) -> None:
        self.tokenizer = tokenizer
        self.source = source
        self.counts = CorpusCounts(source)
        self.index = NeighbourIndex(source.tokens, len(tokenizer))
        self.unigram = unigram_of(source, len(tokenizer))

    def begin(self, tokens: Ints, readings: Sequence[Reading] = (), suffix: Ints | None = None) -> Beams:
        """One beam at the end of a prompt. The longest of earlier `readings` that it goes on from is reused.

        suffix: what stands behind the place; copied from, and read by a network that has learned to fill gaps.
        """
        whole = np.concatenate([[END_OF_FILE], tokens])
        window = tuple(whole[window_start(len(whole) - 1) :].tolist())
        copied = tokens
        if suffix is not None and len(suffix):
            copied = np.concatenate([suffix[:SUFFIX_COPIED], [END_OF_FILE], tokens[-(MEMORY_TOKENS - SUFFIX_COPIED) :]])
            if self.fills_gaps:
                window = (FILL_IN, *suffix[:SUFFIX_READ].tolist(), FROM_HERE, *window)
        known = [earlier for earlier in readings if window[: len(earlier.tokens)] == earlier.tokens]
        reading = self.network.read(window, max(known, key=lambda earlier: len(earlier.tokens), default=None))
        return Beams(
            (tuple(tokens[-LONGEST_CONTEXT:].tolist()),),
            (PromptCopy.of(copied),),
            (NeighbourCopy.of(self.index.passages(tokens), tokens),),
            reading,
            None,
            reading.hidden,
        )

    def probabilities(self, beams: Beams) -> Floats:
        """Of every token to come next, shape (beams, vocabulary)."""
        log_network = self.network.log_probabilities(beams.hidden)
        of_network = np.exp(log_network)
        said = self.evidence(beams)
        numbers = np.concatenate([said.numbers, network_numbers(of_network, log_network)], axis=1)
        trust = self.gate.shares(numbers, beams.hidden)
        size = len(self.tokenizer)
        mixed = said.mixed(trust, size) + trust[:, NETWORK, None] * of_network + trust[:, UNIGRAM, None] * self.unigram
        result: Floats = (mixed + trust[:, UNIFORM, None] / size).astype(np.float32)
        return result

    def advance(self, beams: Beams, picked: Sequence[int], tokens: Sequence[int]) -> Beams:
        """The beams numbered `picked`, each with its next token; a beam may be picked several times."""
        hidden, grown = self.network.go_on(
            beams.reading.memory, beams.grown, np.array(picked, np.int64), np.array(tokens, np.int64)
        )
        pairs = list(zip(picked, tokens, strict=True))
        return Beams(
            tuple((*beams.contexts[beam], token)[-LONGEST_CONTEXT:] for beam, token in pairs),
            tuple(beams.copies[beam].after(token) for beam, token in pairs),
            tuple(beams.neighbours[beam].after(token) for beam, token in pairs),
            beams.reading,
            grown,
            hidden,
        )

    def evidence(self, beams: Beams) -> Evidence:
        """What the counting predictors say of each beam, in the gate's order."""
        return join(
            [
                self.counts.evidence(beams.contexts),
                PromptCopy.evidence(beams.copies),
                NeighbourCopy.evidence(beams.neighbours),
            ],
            [CorpusCounts.experts, PromptCopy.experts, NeighbourCopy.experts],
        )


def unigram_of(source: SuffixArray, vocabulary: int) -> Floats:
    """How frequent each token is in the source, none quite never, shape (vocabulary,)."""
    counts = np.bincount(source.tokens, minlength=vocabulary) + UNIGRAM_FLOOR
    frequencies: Floats = (counts / counts.sum()).astype(np.float32)
    return frequencies


def network_numbers(probabilities: Floats, log_probabilities: Floats) -> Floats:
    """What the gate sees of the network: its highest probability and its entropy, shape (rows, 2)."""
    entropy = -(probabilities * log_probabilities).sum(axis=1)
    return np.stack([probabilities.max(axis=1), ENTROPY_SCALE * entropy], axis=1)


assert CorpusCounts.experts + PromptCopy.experts + NeighbourCopy.experts == gates.COUNTING_EXPERTS
assert EXPERTS == gates.COUNTING_EXPERTS + 3
