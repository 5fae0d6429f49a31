"""What all baselines promise, asked of each of them on a few small files."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.errors import DatasetError
from dlcodegen_core.evaluation.baselines import LineGuess, LineSystem
from dlcodegen_core.evaluation.baselines.frequency import MostFrequentLine, MostFrequentNextToken
from dlcodegen_core.evaluation.baselines.neighbours import Bm25Neighbour, EmbeddingNeighbour, TfidfNeighbour
from dlcodegen_core.evaluation.baselines.next_token import DeepCodeNetNextToken, MlpNextToken
from tests.evaluation.baselines.conftest import FILES

SYSTEMS = ["line", "token", "tfidf", "bm25", "embedding", "mlp", "deepcodenet"]


@pytest.fixture(scope="module")
def system_of(embedder) -> dict[str, LineSystem]:
    return {
        "line": MostFrequentLine(FILES),
        "token": MostFrequentNextToken(FILES),
        "tfidf": TfidfNeighbour(FILES),
        "bm25": Bm25Neighbour(FILES),
        "embedding": EmbeddingNeighbour(FILES, embedder),
        "mlp": MlpNextToken(FILES, embedder),
        "deepcodenet": DeepCodeNetNextToken(FILES, embedder),
    }


@pytest.mark.parametrize("kind", SYSTEMS)
@pytest.mark.parametrize("prompt", ["", "\n", "    ", FILES[0].text, "x = '\ud800", "#" * 9000, "a\r\n\t"])
def test_any_prompt_gets_one_line_and_a_probability_or_none(system_of, kind: str, prompt: str) -> None:
    _check(system_of[kind].complete(prompt))


@settings(max_examples=30, deadline=None)
@given(prompt=st.text(), kind=st.sampled_from(["token", "tfidf", "bm25", "embedding"]))
def test_free_text_does_too(system_of, prompt: str, kind: str) -> None:
    _check(system_of[kind].complete(prompt))


def test_names_are_unique(system_of) -> None:
    assert len({system.name for system in system_of.values()}) == len(SYSTEMS)


@pytest.mark.parametrize(
    "make",
    [
        MostFrequentLine,
        TfidfNeighbour,
        Bm25Neighbour,
        lambda files: EmbeddingNeighbour(files, None),
        lambda files: MlpNextToken(files, None),
        lambda files: DeepCodeNetNextToken(files, None),
    ],
)
@pytest.mark.parametrize("files", [[], [SourceFile("a.py", "x = 1\n", "python")]])
def test_files_without_a_line_of_code_are_refused(
    make: Callable[[list[SourceFile]], LineSystem], files: list[SourceFile]
) -> None:
    with pytest.raises(DatasetError, match="no line of code"):
        make(files)


def _check(guess: LineGuess) -> None:
    assert "\n" not in guess.text
    assert guess.confidence is None or 0 <= guess.confidence <= 1
