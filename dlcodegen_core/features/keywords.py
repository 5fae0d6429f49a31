"""TF-IDF over the 100 best words of the training prompts, dims [384:484] of the feature vector.

The weighting is the textbook's smooth one, as scikit-learn has it: tf * (ln((1 + n) / (1 + df)) + 1), scaled to
unit length. The best words are those with the largest total weight over the training texts. Fitted on the
training split only, so that nothing of the held-out texts leaks into the columns.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.features.code_tokens import words
from dlcodegen_core.features.layout import KEYWORDS


@dataclass(frozen=True, slots=True)
class KeywordVectorizer:
    """The fitted state: at most 100 terms, best first, and their inverse document frequencies."""

    terms: tuple[str, ...]
    idf: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.terms) != len(self.idf) or len(self.terms) > KEYWORDS.size:
            raise ValueError(
                f"{len(self.terms)} terms and {len(self.idf)} idf weights, at most {KEYWORDS.size} of each"
            )

    @classmethod
    def fit(cls, texts: Iterable[str]) -> "KeywordVectorizer":
        """Choose the terms and weigh them; texts without a single word give a vectorizer without terms."""
        counts = [Counter(words(text)) for text in texts]
        document_frequency = Counter(term for count in counts for term in count)
        idf = {term: math.log((1 + len(counts)) / (1 + df)) + 1 for term, df in document_frequency.items()}
        mass: Counter[str] = Counter()
        for count in counts:
            norm = math.sqrt(sum((tf * idf[term]) ** 2 for term, tf in count.items()))
            for term, tf in count.items():
                mass[term] += tf * idf[term] / norm  # type: ignore[assignment]  # a Counter adds floats as well
        best = sorted(mass, key=lambda term: (-mass[term], term))[: KEYWORDS.size]
        return cls(tuple(best), tuple(idf[term] for term in best))

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Weigh the fitted terms in each text, shape (len(texts), 100), rows of unit length or zero."""
        column = {term: index for index, term in enumerate(self.terms)}
        rows = np.zeros((len(texts), KEYWORDS.size), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for term, tf in Counter(words(text)).items():
                if (index := column.get(term)) is not None:
                    row[index] = tf * self.idf[index]
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.divide(rows, norms, out=rows, where=norms > 0)

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each of the 100 columns, unused ones included."""
        unused = (f"(unused {index + 1})" for index in range(len(self.terms), KEYWORDS.size))
        return (*self.terms, *unused)
