"""What is explained: the first token of the very completion that the predictor gives."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dlcodegen_core.config import Settings
from dlcodegen_core.errors import ModelError, RequestError
from dlcodegen_core.explain.question import Question
from dlcodegen_core.features.embedders import Embedders
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.inference.predictor import Predictor
from dlcodegen_core.models import base_model
from dlcodegen_core.models.vocabulary import END
from dlcodegen_core.registry.versions import VersionStore
from tests.explain.trained_model import ANSWERS, Trained, prompt


def _winning(trained: Trained, request: PredictionRequest) -> str:
    question = Question.of(trained.model, request)
    return trained.model.vocabulary.text_of(question.winning_class(question.features([question.text])[0]))


@pytest.fixture
def predictor(trained: Trained, tmp_path: Path) -> Iterator[Predictor]:
    embedders = Embedders(Settings(home=tmp_path, embedder="local"))
    yield Predictor(VersionStore(trained.versions), embedders)
    embedders.close()


def test_the_winning_token_is_the_first_of_the_predictors_completion(trained: Trained, predictor: Predictor) -> None:
    for text in (*(prompt("piano", verb) for verb in ANSWERS), "close(", "x", "free()\nclose"):
        for options in ({}, {"max_tokens": 3}, {"beams": 1}, {"stop": ("(",)}, {"context": ("import os",)}):
            request = PredictionRequest.of(text, **options)
            tokens = predictor.predict(request).candidates[0].tokens
            assert _winning(trained, request) == (tokens[0] if tokens else "")


def test_no_token_stands_for_the_end(trained: Trained) -> None:
    assert Question.of(trained.model, PredictionRequest("x")).class_of("") == END


def test_the_language_is_settled_once_for_all_texts(trained: Trained) -> None:
    request = PredictionRequest("const run = (door) => {\n  return door.", language=None)
    question = Question.of(trained.model, request)
    assert question.language == "javascript"
    expected = trained.model.pipeline.transform(["return"], ["javascript"])
    np.testing.assert_array_equal(question.features(["return"]), expected)


def test_what_deepcodenet_does_not_answer_is_not_explained(trained: Trained) -> None:
    for request in (PredictionRequest("x", suffix="y"), PredictionRequest("x", temperature=0.5)):
        with pytest.raises(RequestError, match="with a suffix or a temperature"):
            Question.of(trained.model, request)


@pytest.mark.skipif(not base_model.is_there(), reason="the base model is not in this checkout")
def test_a_sequence_model_is_refused_in_plain_words(predictor: Predictor) -> None:
    model = predictor.model(base_model.NAME)
    with pytest.raises(ModelError, match=r"is a sequence model: it reads tokens.* Choose a version"):
        Question.of(model, PredictionRequest("x = "))
