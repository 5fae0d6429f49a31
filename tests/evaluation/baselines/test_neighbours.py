"""Looking up against scikit-learn, against BM25's formula by hand, and on contexts seen before."""

import math

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.evaluation.baselines.neighbours import (
    Bm25Neighbour,
    EmbeddingNeighbour,
    TfidfNeighbour,
    context_tokens,
)
from dlcodegen_core.evaluation.baselines.training_lines import training_lines
from tests.evaluation.baselines.conftest import FILES

SMALL = [
    SourceFile("a", "red red blue\nfirst_line_a\n", None),
    SourceFile("b", "blue green\nfirst_line_b\n", None),
    SourceFile("c", "green\nfirst_line_c\n", None),
]


@pytest.mark.parametrize("system", [TfidfNeighbour, Bm25Neighbour])
def test_a_context_seen_before_gives_its_line(system) -> None:
    found = system(FILES)
    for file in FILES:
        prompt, _, rest = file.text.partition("raise ")
        assert found.complete(prompt).text == f"raise {rest.splitlines()[0]}"


def test_an_embedded_context_seen_before_gives_its_line(embedder) -> None:
    found = EmbeddingNeighbour(FILES, embedder)
    prompt, _, rest = FILES[3].text.partition("raise ")
    assert found.complete(prompt).text == f"raise {rest.splitlines()[0]}"


def test_tfidf_agrees_with_scikit_learn() -> None:
    lines = training_lines(FILES, 1000, 0)
    vectorizer = TfidfVectorizer(analyzer=context_tokens)
    weights = vectorizer.fit_transform([line.context for line in lines])
    query = "def area_3(width_3, height_3):\n    "
    best = int(np.argmax(cosine_similarity(weights, vectorizer.transform([query]))))
    assert TfidfNeighbour(FILES).complete(query).text == lines[best].line


def test_bm25_agrees_with_its_formula_by_hand() -> None:
    contexts = [context_tokens(line.context) for line in training_lines(SMALL, 9, 0)]
    average = sum(map(len, contexts)) / len(contexts)

    def score(context: list[str], query: list[str]) -> float:
        total = 0.0
        for token in query:
            holding = sum(token in other for other in contexts)
            idf = math.log(1 + (len(contexts) - holding + 0.5) / (holding + 0.5))
            tf = context.count(token)
            total += idf * tf * 2.5 / (tf + 1.5 * (1 - 0.75 + 0.75 * len(context) / average))
        return total

    query = "red green unknown green"
    expected = [score(context, query.split()) for context in contexts]
    assert Bm25Neighbour(SMALL).scores(query) == pytest.approx(expected)


def test_tokens_of_a_context_carry_no_spaces() -> None:
    assert context_tokens("if a:\n    b = 1\n    ") == ["if", "a", ":", "b", "=", "1"]
