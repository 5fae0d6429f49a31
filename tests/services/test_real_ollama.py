"""Against a real Ollama server, where one answers with an embedding model of 384 numbers."""

import json
import os
import urllib.request

import numpy as np
import pytest

from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.data.demo import EXAMPLE_PAIRS
from dlcodegen_core.errors import EmbedderMismatch, EmbeddingModelMissing
from dlcodegen_core.features.local_embedder import LocalEmbedder
from dlcodegen_core.features.ollama_embedder import OllamaEmbedder

pytestmark = pytest.mark.ollama

HOST = os.environ.get("TEST_OLLAMA_HOST", "http://127.0.0.1:11434")
MODEL = "all-minilm"
TEXTS = ["def f(x):", "import os", "async function fetchData() {"]


@pytest.fixture(scope="module", autouse=True)
def _server():
    try:
        with urllib.request.urlopen(f"{HOST}/api/tags", timeout=2) as answer:
            models = [model["name"] for model in json.load(answer)["models"]]
    except (OSError, ValueError):
        pytest.skip(f"no Ollama answers at {HOST}; start one, or name it by TEST_OLLAMA_HOST")
    if f"{MODEL}:latest" not in models:
        pytest.skip(f"the Ollama at {HOST} lacks {MODEL}; run `ollama pull {MODEL}`")


@pytest.fixture
def embedder():
    opened = OllamaEmbedder(HOST, MODEL)
    yield opened
    opened.close()


def test_vectors_are_384_numbers_of_unit_length(embedder):
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-4)


def test_a_batch_gives_what_its_texts_give_alone(embedder):
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    np.testing.assert_allclose(embedder.embed(TEXTS), alone, atol=2e-3)


def test_the_same_model_means_the_same_there_and_here(embedder):
    assert (embedder.embed(TEXTS) * LocalEmbedder().embed(TEXTS)).sum(axis=1).min() > 0.99


def test_over_long_input_is_answered(embedder):
    assert embedder.embed(["value = 1\n" * 5000]).shape == (1, 384)


def test_a_missing_model_gives_the_line_to_run():
    missing = OllamaEmbedder(HOST, "no-such-model")
    with pytest.raises(EmbeddingModelMissing, match="`ollama pull no-such-model`"):
        _ = missing.identity
    missing.close()


def test_a_model_trained_on_ollama_answers_with_it_and_refuses_another(tmp_path):
    settings = Settings(home=tmp_path, ollama_host=HOST, ollama_model=MODEL, embedder="ollama")
    service = DLCodeGen(settings)
    service.datasets.create("example", EXAMPLE_PAIRS)
    service.train("example", TrainConfig(epochs=3))
    assert service.versions.card("v1").embedder.startswith("ollama:all-minilm:")
    assert service.predict("import ").version == "v1"
    service.close()
    other = DLCodeGen(Settings(home=tmp_path, embedder="local"))
    with pytest.raises(EmbedderMismatch, match="ollama:all-minilm"):
        other.predict("import ")
    other.close()
