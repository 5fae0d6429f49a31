"""What a version answers to a pair, beside what the pair says."""

from collections.abc import Iterator

import pytest

from dlcodegen_core import DLCodeGen, Settings
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.evaluation.pair_answer import answer_pair
from dlcodegen_core.models import base_model
from tests.explain import trained_model


@pytest.fixture(scope="module")
def service(trained_small: trained_model.Trained) -> Iterator[DLCodeGen]:
    service = DLCodeGen(Settings(home=trained_small.versions.parent, embedder="local"))
    yield service
    service.close()


def test_deepcodenet_is_asked_for_the_tokens_that_it_learned_of_a_pair(service: DLCodeGen) -> None:
    pair = trained_model.PAIRS[0]
    found = answer_pair(service.predictor, service.versions.card("v1"), pair)
    assert (found.truth, found.prediction.completion) == ("close", "close")
    assert found.right and found.similarity == 100


def test_a_wrong_answer_is_told_with_how_alike_it_is(service: DLCodeGen) -> None:
    pair = trained_model.PAIRS[0]
    found = answer_pair(service.predictor, service.versions.card("v1"), Pair(pair.prompt, "closed()", "python"))
    assert not found.right and 50 < found.similarity < 100


@pytest.mark.parametrize(
    ("target", "truth"),
    [
        ("return total", "return total"),
        ("return total\n    # more", "return total"),
        ("\n    return total\n", "return total"),
        ("  padded", "  padded"),
    ],
)
def test_a_sequence_model_is_asked_for_the_first_line_that_shows_something(
    service: DLCodeGen, target: str, truth: str
) -> None:
    if not base_model.is_there():
        pytest.skip("no base model is shipped with this checkout")
    pair = Pair("def add(total):\n    total += 1\n    ", target, "python", suffix="\n\nadd(1)\n")
    found = answer_pair(service.predictor, service.versions.card("base"), pair)
    assert found.truth == truth
    assert "\n" not in found.prediction.completion
