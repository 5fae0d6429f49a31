"""Ranks completions of a line by how much of them is likely to be kept, not by their probability alone.

The likeliest line is too often a short one, or one that nothing else supports. A candidate that agrees with much of
what the others say is safer (minimum Bayes risk, Kumar and Byrne 2004, with edit similarity for the risk). Six numbers
of a candidate are weighed by a linear model of edit similarity plus a bonus for being exactly right; its weights are
what `python -m benchmarks.line_ranker` prints, fitted on projects that nothing else is measured on.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from dlcodegen_core.models.sequence.line_search import Hypothesis

FEATURES = ("log-probability", "over root of tokens", "agreement", "weakest token", "log of characters", "characters")
WEIGHTS = np.array([0.62, -0.86, 38.12, 0.04, 13.66, -7.77])

Floats = NDArray[np.float64]


def rank_lines(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """The hypotheses of one search, those worth offering first."""
    if len(hypotheses) < 2:
        return list(hypotheses)
    scores = features_of(hypotheses) @ WEIGHTS
    return [hypotheses[place] for place in np.argsort(-scores, kind="stable")]


def repeats_line_before(prompt: str, completion: str) -> bool:
    """Whether the line that `prompt` breaks off in would only say again what the line of text before it says.

    A model that copies falls for that; true lines hardly ever do it.
    """
    *earlier, current = prompt.split("\n")
    before = next((line.strip() for line in reversed(earlier) if line.strip()), "")
    return bool(before) and (current + completion).strip() == before


def features_of(hypotheses: Sequence[Hypothesis]) -> Floats:
    """The numbers that WEIGHTS weighs, shape (hypotheses, 6)."""
    texts = [hypothesis.text for hypothesis in hypotheses]
    chances = np.array([hypothesis.log_probability for hypothesis in hypotheses])
    shares = np.exp(chances - chances.max())
    likeness = process.cdist(texts, texts, scorer=fuzz.ratio, dtype=np.float32) / 100
    sizes = np.array([len(text) for text in texts], float)
    return np.stack(
        [
            chances,
            np.array([hypothesis.score(0.5) for hypothesis in hypotheses]),
            likeness @ (shares / shares.sum()),
            np.array([min(hypothesis.log_probabilities, default=0.0) for hypothesis in hypotheses]),
            np.log1p(sizes),
            sizes / 40,
        ],
        axis=1,
    )
