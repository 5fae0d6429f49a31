"""Baselines that look up: the line that followed the most similar training context, by TF-IDF, BM25 or embedding.

A similarity is no probability, so none of them has a confidence.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.evaluation.baselines.line_system import LineGuess
from dlcodegen_core.evaluation.baselines.training_lines import last_characters, last_lines, training_lines
from dlcodegen_core.features.code_tokens import is_blank, split_tokens
from dlcodegen_core.features.embedding import CachedEmbedder, Progress

INDEXED_LINES = 20_000
EMBEDDED_LINES = 1_500
BM25_K1, BM25_B = 1.5, 0.75


class TfidfNeighbour:
    """Cosine of TF-IDF weights over the code tokens of the last eight lines. Raises DatasetError."""

    name = "Nearest neighbour (TF-IDF)"

    def __init__(self, files: Sequence[SourceFile], limit: int = INDEXED_LINES, seed: int = 0) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        lines = training_lines(files, limit, seed)
        self._lines = [line.line for line in lines]
        self._vectorizer = TfidfVectorizer(analyzer=context_tokens, dtype=np.float32)
        self._weights = self._vectorizer.fit_transform([line.context for line in lines])

    def complete(self, prompt: str) -> LineGuess:
        query = self._vectorizer.transform([last_lines(prompt)]).toarray()[0]
        return LineGuess(self._lines[int(np.argmax(self._weights @ query))])


class Bm25Neighbour:
    """Okapi BM25 over the same tokens, with the never negative idf of Lucene. Raises DatasetError.

    Robertson and Zaragoza 2009, "The probabilistic relevance framework: BM25 and beyond". Every token of the query
    counts as often as it stands there.
    """

    name = "Nearest neighbour (BM25)"

    def __init__(self, files: Sequence[SourceFile], limit: int = INDEXED_LINES, seed: int = 0) -> None:
        from sklearn.feature_extraction.text import CountVectorizer

        lines = training_lines(files, limit, seed)
        self._lines = [line.line for line in lines]
        self._vectorizer = CountVectorizer(analyzer=context_tokens, dtype=np.float32)
        counts = self._vectorizer.fit_transform([line.context for line in lines])
        lengths = np.asarray(counts.sum(axis=1)).ravel()
        document_frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        idf = np.log1p((len(lines) - document_frequency + 0.5) / (document_frequency + 0.5))
        # A row's length norm, repeated for each number that the row stores.
        norms = np.repeat(BM25_K1 * (1 - BM25_B + BM25_B * lengths / max(lengths.mean(), 1e-9)), np.diff(counts.indptr))
        weights = idf[counts.indices] * counts.data * (BM25_K1 + 1) / (counts.data + norms)
        counts.data = weights.astype(np.float32)
        self._weights = counts

    def scores(self, prompt: str) -> NDArray[np.float32]:
        """The score of each indexed line for a prompt."""
        query = self._vectorizer.transform([last_lines(prompt)]).toarray()[0]
        scores: NDArray[np.float32] = self._weights @ query
        return scores

    def complete(self, prompt: str) -> LineGuess:
        return LineGuess(self._lines[int(np.argmax(self.scores(prompt)))])


class EmbeddingNeighbour:
    """Cosine of embeddings of the last 200 characters. Raises DatasetError, EmbeddingError."""

    name = "Nearest neighbour (embedding)"

    def __init__(
        self,
        files: Sequence[SourceFile],
        embedder: CachedEmbedder,
        limit: int = EMBEDDED_LINES,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        lines = training_lines(files, limit, seed, last_characters)
        self._embedder = embedder
        self._lines = [line.line for line in lines]
        self._vectors = embedder.embed([line.context for line in lines], progress)

    def complete(self, prompt: str) -> LineGuess:
        (query,) = self._embedder.embed([last_characters(prompt)])
        return LineGuess(self._lines[int(np.argmax(self._vectors @ query))])


def context_tokens(text: str) -> list[str]:
    """The visible code tokens of a text, without their spaces."""
    return [token.strip() for token in split_tokens(text) if not is_blank(token)]
