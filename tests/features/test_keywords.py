"""TF-IDF against its authority, scikit-learn."""

import json
import pickle
import textwrap

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from dlcodegen_core.features.keywords import KeywordVectorizer
from dlcodegen_core.features.layout import KEYWORDS


def texts():
    import inspect

    return [inspect.getsource(module) for module in (json, textwrap, pickle, inspect)]


def test_the_weights_equal_scikit_learns():
    ours = KeywordVectorizer.fit(texts())
    theirs = TfidfVectorizer(vocabulary=ours.terms, lowercase=False, token_pattern=r"[^\W\d]\w+").fit(texts())
    found = ours.transform(texts())
    np.testing.assert_allclose(found[:, : len(ours.terms)], theirs.transform(texts()).toarray(), atol=1e-5)


def test_a_row_is_of_unit_length_or_zero():
    vectorizer = KeywordVectorizer.fit(["return value", "import os"])
    norms = np.linalg.norm(vectorizer.transform(["return os", "12 + 3"]), axis=1)
    assert norms.tolist() == pytest.approx([1, 0])


def test_the_heaviest_words_come_first_and_no_more_than_there_are_columns():
    vectorizer = KeywordVectorizer.fit([f"common word{number}" for number in range(300)])
    assert vectorizer.terms[0] == "common"
    assert len(vectorizer.terms) == KEYWORDS.size


def test_columns_without_a_term_have_a_name_too():
    names = KeywordVectorizer.fit(["only these"]).names
    assert names[:2] == ("only", "these")
    assert len(set(names)) == KEYWORDS.size


def test_texts_without_a_word_give_zeros():
    assert not KeywordVectorizer.fit(["1 + 2"]).transform(["return"]).any()
