"""Text in, 544 named floats out: the four groups side by side, each from its own module.

The pipeline holds what was fitted on the training split (the keywords) and the embedder; everything else is a
pure function of the text.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.features.ast_structure import AST_NAMES, ast_features
from dlcodegen_core.features.embedding import CachedEmbedder, Progress
from dlcodegen_core.features.keywords import KeywordVectorizer
from dlcodegen_core.features.language import LANGUAGES, detect
from dlcodegen_core.features.layout import AST, DIMENSIONS, EMBEDDING, KEYWORDS, SYNTAX
from dlcodegen_core.features.syntax import SYNTAX_NAMES, syntax_features
from dlcodegen_core.latency import LatencyClock

ROWS_PER_PROGRESS = 100


def compose(prompt: str, context: Sequence[str] = ()) -> str:
    """The one text that stands for a request: context lines first, the prompt last, where the cursor is."""
    return "\n".join((*context, prompt))


def dimension_names(keywords: KeywordVectorizer) -> tuple[str, ...]:
    """A name for each of the 544 columns; those of the keywords are the fitted terms."""
    return (
        *(f"embedding {index + 1}" for index in range(EMBEDDING.size)),
        *keywords.names,
        *AST_NAMES,
        *SYNTAX_NAMES,
    )


class FeaturePipeline:
    """Turns texts into feature vectors with fitted keywords and one embedder."""

    def __init__(self, keywords: KeywordVectorizer, embedder: CachedEmbedder) -> None:
        self._keywords = keywords
        self._embedder = embedder

    def transform(
        self,
        texts: Sequence[str],
        languages: Sequence[str | None],
        on_embedding: Progress | None = None,
        on_features: Progress | None = None,
    ) -> NDArray[np.float32]:
        """Feature vectors of many texts, shape (len(texts), 544); a language of None is detected.

        The callbacks hear (done, total) and may raise to cancel. Raises EmbeddingError.
        """
        vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        vectors[:, EMBEDDING.columns] = self._embedder.embed(texts, on_embedding)
        vectors[:, KEYWORDS.columns] = self._keywords.transform(texts)
        for row, (text, language) in enumerate(zip(texts, languages, strict=True)):
            if on_features and row % ROWS_PER_PROGRESS == 0:
                on_features(row, len(texts))
            vectors[row, AST.columns] = ast_features(text, _known(language, text))
            vectors[row, SYNTAX.columns] = syntax_features(text)
        if on_features:
            on_features(len(texts), len(texts))
        return vectors

    def transform_timed(self, texts: Sequence[str], language: str | None, clock: LatencyClock) -> NDArray[np.float32]:
        """The same for the few texts of one request, each stage on the clock. Raises EmbeddingError."""
        vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        vectors[:, EMBEDDING.columns] = self._embedder.embed(texts)
        clock.lap("embedding")
        vectors[:, KEYWORDS.columns] = self._keywords.transform(texts)
        clock.lap("keywords")
        vectors[:, AST.columns] = [ast_features(text, _known(language, text)) for text in texts]
        clock.lap("AST")
        vectors[:, SYNTAX.columns] = [syntax_features(text) for text in texts]
        clock.lap("syntax")
        return vectors


def _known(language: str | None, text: str) -> str:
    """The language if it can be parsed; a dataset may name any other, which is then detected."""
    return language if language in LANGUAGES else detect(text)
