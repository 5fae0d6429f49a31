"""Which embedder is used, and which request is refused."""

import pytest

from dlcodegen_core.config import Settings
from dlcodegen_core.errors import EmbedderMismatch, EmbedderUnavailable
from dlcodegen_core.features.embedders import ASK_AGAIN_SECONDS, Embedders
from tests.doubles import CountingEmbedder

LOCAL, OLLAMA = "local:test", "ollama:test:abc"


class Away:
    title = "an embedder that is away"

    @property
    def identity(self):
        raise EmbedderUnavailable("Ollama does not answer.")


@pytest.fixture
def make(tmp_path):
    made = []

    def build(choice, ollama=None, now=lambda: 0.0):
        settings = Settings(home=tmp_path, embedder=choice)
        made.append(Embedders(settings, CountingEmbedder(LOCAL), ollama or CountingEmbedder(OLLAMA), now))
        return made[-1]

    yield build
    for embedders in made:
        embedders.store.close()


def test_ollama_is_used_where_it_answers(make):
    assert make("auto").choice().identity == OLLAMA


def test_the_local_one_is_used_where_it_does_not_and_says_why(make):
    choice = make("auto", Away()).choice()
    assert choice.identity == LOCAL
    assert "does not answer" in choice.note


def test_a_demanded_ollama_that_is_away_is_an_error(make):
    with pytest.raises(EmbedderUnavailable):
        make("ollama", Away()).choice()


def test_a_demanded_local_one_never_asks_ollama(make):
    assert make("local", Away()).choice().identity == LOCAL


def test_ollama_is_asked_again_after_a_while(make):
    moment = [0.0]
    embedders = make("auto", Away(), lambda: moment[0])
    embedders.choice()
    embedders._ollama = embedders._local
    assert "does not answer" in embedders.choice().note
    moment[0] = ASK_AGAIN_SECONDS + 1
    assert embedders.choice().note == "Ollama answers"


def test_a_model_is_asked_with_the_embedder_it_was_trained_on(make):
    assert make("auto").for_identity(LOCAL, "v1").identity == LOCAL


def test_a_model_of_another_embedder_is_refused_where_only_one_is_allowed(make):
    with pytest.raises(EmbedderMismatch, match="v1"):
        make("local").for_identity(OLLAMA, "v1")


def test_a_model_of_another_ollama_model_is_refused(make):
    with pytest.raises(EmbedderMismatch, match="OLLAMA_EMBED_MODEL"):
        make("auto").for_identity("ollama:other:def", "v1")
