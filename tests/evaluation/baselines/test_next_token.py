"""Next-token classifiers learn the habits of a few small files."""

import numpy as np
import pytest

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.evaluation.baselines.next_token import DeepCodeNetNextToken, FirstTokens, MlpNextToken
from dlcodegen_core.evaluation.line_metrics import first_code_token
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models.vocabulary import UNKNOWN
from tests.evaluation.baselines.conftest import FILES


def test_samples_are_the_first_tokens_of_the_lines(embedder) -> None:
    learned = FirstTokens.cut(FILES, embedder, TrainConfig())
    assert learned.features.shape == (len(learned.pairs), DIMENSIONS)
    tokens = {learned.vocabulary.text_of(int(number)) for number in learned.classes}
    assert tokens == {"def ", "return ", "if ", "raise "}


def test_a_token_outside_the_vocabulary_is_unknown(embedder) -> None:
    learned = FirstTokens.cut(FILES, embedder, TrainConfig(vocabulary_size=3))
    assert UNKNOWN in learned.classes


def test_the_limit_caps_the_samples(embedder) -> None:
    assert len(FirstTokens.cut(FILES, embedder, TrainConfig(), limit=7).pairs) == 7


@pytest.mark.parametrize("system", [MlpNextToken, DeepCodeNetNextToken])
def test_the_habits_of_the_training_files_are_learned(system, embedder) -> None:
    found = system(FILES, embedder)
    prompts = [file.text.partition("raise ")[0] for file in FILES]
    guesses = [found.complete(prompt) for prompt in prompts]
    assert np.mean([guess.text == "raise" for guess in guesses]) > 0.7
    assert all(guess.confidence is None and guess.text == first_code_token(guess.text) for guess in guesses)


@pytest.mark.parametrize("system", [MlpNextToken, DeepCodeNetNextToken])
def test_the_same_files_give_the_same_guesses(system, embedder) -> None:
    prompts = ["def f(a):\n    ", "import os\n", "x"]
    first, second = system(FILES, embedder), system(FILES, embedder)
    assert [first.complete(prompt) for prompt in prompts] == [second.complete(prompt) for prompt in prompts]


def test_unknown_is_never_offered(embedder) -> None:
    found = DeepCodeNetNextToken(FILES, embedder, config=TrainConfig(vocabulary_size=3, epochs=3))
    assert found.complete("x = ").text in {"def", ""}
    mlp = MlpNextToken(FILES, embedder)
    assert mlp.complete("x = ").text
