"""Text in, 544 named floats out."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlcodegen_core.features.embedding import CachedEmbedder
from dlcodegen_core.features.embedding_store import EmbeddingStore
from dlcodegen_core.features.keywords import KeywordVectorizer
from dlcodegen_core.features.layout import AST, DIMENSIONS, EMBEDDING, GROUPS, KEYWORDS, SYNTAX
from dlcodegen_core.features.pipeline import FeaturePipeline, compose, dimension_names
from dlcodegen_core.latency import LatencyClock
from tests.doubles import CountingEmbedder

TEXTS = ["def f(x):\n    return ", "import os", "const a = [1, 2];"]
KEYWORDS_OF_TEXTS = KeywordVectorizer.fit(TEXTS)


@pytest.fixture
def pipeline(tmp_path):
    store = EmbeddingStore(tmp_path / "embeddings.sqlite")
    yield FeaturePipeline(KEYWORDS_OF_TEXTS, CachedEmbedder(CountingEmbedder(), store))
    store.close()


def test_the_groups_fill_544_columns_without_a_gap():
    assert DIMENSIONS == 544
    assert [(group.start, group.columns.stop) for group in GROUPS] == [(0, 384), (384, 484), (484, 534), (534, 544)]


def test_every_dimension_has_a_name_of_its_own():
    names = dimension_names(KEYWORDS_OF_TEXTS)
    assert len(names) == len(set(names)) == DIMENSIONS


def test_every_group_says_something_about_code(pipeline):
    vector = pipeline.transform(TEXTS[:1], [None])[0]
    assert all(vector[group.columns].any() for group in (EMBEDDING, KEYWORDS, AST, SYNTAX))


def test_one_request_gets_the_numbers_that_the_training_got(pipeline):
    clock = LatencyClock()
    timed = pipeline.transform_timed(TEXTS, None, clock)
    assert (timed == pipeline.transform(TEXTS, [None] * 3)).all()
    assert list(clock.milliseconds()) == ["embedding", "keywords", "AST", "syntax"]


def test_progress_reaches_the_end(pipeline):
    heard = []
    pipeline.transform(TEXTS, [None] * 3, on_features=lambda done, total: heard.append((done, total)))
    assert heard[-1] == (3, 3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=200))
def test_any_text_gives_finite_numbers(pipeline, text):
    vector = pipeline.transform([text], [None])
    assert vector.shape == (1, DIMENSIONS) and vector.dtype == np.float32
    assert np.isfinite(vector).all()


def test_the_prompt_comes_last():
    assert compose("cursor", ["first", "second"]) == "first\nsecond\ncursor"
