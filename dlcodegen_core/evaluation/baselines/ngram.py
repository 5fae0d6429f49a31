"""Interpolated n-grams of orders 1 to 12 over the training source, alone or with a cache of the prompt.

The counting half of the sequence model under its fixed preference for long matches: no network, no neighbours,
nothing learned about when to trust what.
"""

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.evaluation.baselines.line_system import LineGuess
from dlcodegen_core.models.sequence.copying import PromptCopy
from dlcodegen_core.models.sequence.corpus_counts import CorpusCounts
from dlcodegen_core.models.sequence.gate import PREFERENCE, UNIFORM, UNIGRAM, Gate, closed, preference_weights
from dlcodegen_core.models.sequence.line_search import SearchOptions, search
from dlcodegen_core.models.sequence.sequence_model import SequenceModel


class PreferenceGate(Gate):
    """Trusts some experts by the fixed preference, and the others not at all."""

    def __init__(self, width: int, allowed: NDArray[np.bool_]) -> None:
        super().__init__(preference_weights(width))
        self._allowed = allowed

    def shares(self, numbers: NDArray[np.float32], hidden: NDArray[np.float32]) -> NDArray[np.float32]:
        """As Gate has it, of the allowed experts alone."""
        logits = np.where(self._allowed, closed(numbers), -np.inf)
        trust = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(trust / trust.sum(axis=1, keepdims=True), np.float32)


class NgramLines:
    """Completes lines greedily from counts."""

    def __init__(self, model: SequenceModel, with_cache: bool) -> None:
        """model: lends its tokenizer and its counted source."""
        self.name = "N-grams with a cache of the prompt" if with_cache else "N-grams"
        allowed = np.zeros(len(PREFERENCE), bool)
        allowed[: CorpusCounts.experts] = True
        allowed[CorpusCounts.experts : CorpusCounts.experts + PromptCopy.experts] = with_cache
        allowed[[UNIGRAM, UNIFORM]] = True
        self.model = model.with_parts(model.network, PreferenceGate(model.network.width, allowed))

    def complete(self, prompt: str) -> LineGuess:
        """The likeliest next token, again and again, to the end of the line."""
        found = search(self.model, prompt, SearchOptions(width=1, stop=("\n",), length_penalty=0.0)).hypotheses
        if not found:
            return LineGuess("", 0.0)
        return LineGuess(found[0].text, float(np.exp(found[0].log_probability)))
