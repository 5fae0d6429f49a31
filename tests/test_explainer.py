"""A whole explanation, for every kind of model, and what a version learned from."""

import json
from collections.abc import Iterator

import pytest

from dlcodegen_core import DLCodeGen, Settings
from dlcodegen_core.errors import ModelError, RequestError
from dlcodegen_core.explainer import explain_answer, learned_rows
from dlcodegen_core.models import base_model
from dlcodegen_core.plain_values import to_plain
from tests.explain import trained_model

PROMPT = trained_model.prompt("piano", "open")


@pytest.fixture(scope="module")
def service(trained_small: trained_model.Trained) -> Iterator[DLCodeGen]:
    """A DeepCodeNet, the dataset that it was trained on, and its index."""
    service = DLCodeGen(Settings(home=trained_small.versions.parent, embedder="local"))
    service.datasets.create("verbs", trained_model.PAIRS)
    service.workshop.build_index("verbs")
    yield service
    service.close()


@pytest.fixture
def base() -> str:
    if not base_model.is_there():
        pytest.skip("no base model is shipped with this checkout")
    return base_model.NAME


def test_deepcodenet_tells_what_pushed_it_and_the_pairs_like_the_prompt(service: DLCodeGen) -> None:
    found = explain_answer(service, PROMPT)
    assert (found.version, found.model, found.completion) == ("v1", "deepcodenet", "close")
    assert found.pushes is not None and found.pushes.token == "close"
    gained = found.pushes.value - found.pushes.baseline_value
    assert sum(group.shapley for group in found.pushes.groups) == pytest.approx(gained, abs=1e-5)
    assert abs(found.pushes.completeness_gap) <= 0.01 * gained
    assert found.pushes.dimensions[0].name == "open" and len(found.pushes.dimensions) == 20
    assert found.nearest.dataset == "verbs" and len(found.nearest.pairs) == 5
    assert "cannot say where" in found.note and found.tokens == ()
    assert list(found.latency_ms) == ["prediction", "explanation", "nearest pairs"]


def test_a_completion_of_the_callers_own_is_explained_without_asking(service: DLCodeGen) -> None:
    found = explain_answer(service, PROMPT, completion="halt()")
    assert found.pushes is not None and found.pushes.token == "halt"
    assert found.confidence is None and "prediction" not in found.latency_ms


def test_an_answer_that_is_kept_back_is_explained_all_the_same(service: DLCodeGen) -> None:
    found = explain_answer(service, PROMPT, min_confidence=1.0)
    assert found.completion == "close" and found.confidence is not None


def test_a_sequence_model_tells_which_predictor_gave_each_token(service: DLCodeGen, base: str) -> None:
    found = explain_answer(service, "import os\nimport ", version=base, max_tokens=8, stop=["\n"])
    assert found.model == "sequence" and found.pushes is None
    assert "".join(token.text for token in found.tokens) == found.completion != ""
    assert all(sum(token.shares.values()) == pytest.approx(1) for token in found.tokens)
    assert "keeps nothing of the code" in found.note and "no stored dataset" in found.nearest.note


def test_a_dataset_without_an_index_is_told_and_not_raised(tmp_path, service: DLCodeGen) -> None:
    other = DLCodeGen(Settings(home=tmp_path, embedder="local"))
    (tmp_path / "versions").symlink_to(service.settings.versions_folder)
    other.datasets.create("verbs", trained_model.PAIRS)
    found = explain_answer(other, PROMPT)
    other.close()
    assert "no index yet" in found.nearest.note and found.nearest.pairs == ()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"completion": 7}, "completion is int, not text"),
        ({"version": ["v1"]}, "version is list"),
        ({"completion": "never_learned()"}, "not in the vocabulary"),
        ({"suffix": "behind"}, "suffix"),
        ({"beams": 0}, "beams is 0"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_a_sentence(service: DLCodeGen, options: dict, told: str) -> None:
    with pytest.raises(RequestError, match=told):
        explain_answer(service, PROMPT, **options)


def test_a_version_that_is_not_there_is_told(service: DLCodeGen) -> None:
    with pytest.raises(ModelError, match="v99"):
        explain_answer(service, PROMPT, version="v99")


def test_it_goes_to_json_and_to_a_terminal(service: DLCodeGen, base: str) -> None:
    for version in ("v1", base):
        found = explain_answer(service, PROMPT, version=version, max_tokens=3)
        sent = json.loads(json.dumps(to_plain(found), allow_nan=False))
        assert sent["version"] == version and sent["latency_ms"]["explanation"] >= 0
        assert found.lines and all(isinstance(line, str) for line in found.lines)


def test_what_a_version_learned_is_told_by_row(service: DLCodeGen) -> None:
    found = learned_rows(service, "v1")
    assert found is not None
    assert len(found.learned) == len(trained_model.PAIRS) and not found.held_out


def test_of_no_stored_dataset_nothing_is_told(service: DLCodeGen, base: str) -> None:
    assert learned_rows(service, base) is None
