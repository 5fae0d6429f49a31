"""One explanation for a page: groups, numbers, ranks and how well they add up."""

import json

import numpy as np
import pytest

from dlcodegen_core.explain.feature_explanation import explain_features
from dlcodegen_core.features.layout import AST, DIMENSIONS
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.plain_values import to_plain
from tests.explain.trained_model import ANSWERS, Trained, prompt

REQUEST = PredictionRequest(prompt("piano", "open"))


@pytest.mark.parametrize(("verb", "answer"), ANSWERS.items())
def test_the_word_behind_the_answer_is_the_strongest_number(trained: Trained, verb: str, answer: str) -> None:
    found = explain_features(trained.model, PredictionRequest(prompt("piano", verb)), trained.training)
    assert (found.version, found.token) == ("v1", answer)
    assert found.strongest(1)[0].name == verb
    assert found.strongest(1)[0].push > 0


def test_groups_and_numbers_explain_the_same_difference(trained: Trained) -> None:
    found = explain_features(trained.model, REQUEST, trained.training)
    difference = found.value - found.baseline_value
    assert difference > 0.5
    assert sum(group.shapley for group in found.groups) == pytest.approx(difference, abs=1e-5)
    pushed = sum(dimension.push for dimension in found.dimensions)
    assert pushed == pytest.approx(difference + found.completeness_gap)
    assert abs(found.completeness_gap) <= 0.01 * difference


def test_every_number_has_its_name_value_and_rank(trained: Trained) -> None:
    found = explain_features(trained.model, REQUEST, trained.training)
    features = trained.model.pipeline.transform([REQUEST.prompt], ["python"])[0]
    assert [dimension.index for dimension in found.dimensions] == list(range(DIMENSIONS))
    assert [dimension.value for dimension in found.dimensions] == features.tolist()
    assert found.dimensions[AST.start + 2].name == "Python defs"
    assert all(dimension.percentile is not None and 0 <= dimension.percentile <= 100 for dimension in found.dimensions)


def test_a_version_without_the_training_samples_is_explained_against_zeros(trained: Trained) -> None:
    found = explain_features(trained.model, REQUEST)
    zeros = trained.model.network.log_probabilities(np.zeros((1, DIMENSIONS), np.float32))[0]
    assert found.baseline == "zeros"
    assert found.baseline_value == pytest.approx(zeros[trained.model.vocabulary.class_of(found.token)], abs=1e-5)
    assert {dimension.percentile for dimension in found.dimensions} == {None}
    zero_valued = [dimension for dimension in found.dimensions if dimension.value == 0]
    assert zero_valued and not any(dimension.push for dimension in zero_valued)


def test_the_baseline_is_the_average_sample_where_there_is_one(trained: Trained) -> None:
    found = explain_features(trained.model, REQUEST, trained.training)
    mean = trained.model.network.log_probabilities(trained.training.mean.astype(np.float32)[np.newaxis])[0]
    assert found.baseline == "training mean"
    assert found.baseline_value == pytest.approx(mean[trained.model.vocabulary.class_of("close")], abs=1e-5)


def test_another_token_can_be_asked_about(trained: Trained) -> None:
    other = explain_features(trained.model, REQUEST, trained.training, token="halt")
    assert other.token == "halt" and other.value < other.baseline_value
    assert explain_features(trained.model, REQUEST, trained.training, token="").token == ""


def test_the_strongest_come_first_in_either_direction(trained: Trained) -> None:
    strongest = explain_features(trained.model, REQUEST, trained.training).strongest(20)
    sizes = [abs(dimension.push) for dimension in strongest]
    assert len(strongest) == 20 and sizes == sorted(sizes, reverse=True)
    assert {dimension.push > 0 for dimension in strongest} == {True, False}


def test_each_stage_is_on_the_clock(trained: Trained) -> None:
    stages = explain_features(trained.model, REQUEST, trained.training).latency_ms
    expected = ["embedding", "keywords", "AST", "syntax", "winning token", "groups", "dimensions", "ranks"]
    assert list(stages) == expected and all(milliseconds >= 0 for milliseconds in stages.values())


def test_it_can_be_sent_as_json(trained: Trained) -> None:
    found = explain_features(trained.model, REQUEST, trained.training)
    sent = json.loads(json.dumps(to_plain(found), allow_nan=False))
    assert sent["token"] == "close" and len(sent["dimensions"]) == DIMENSIONS and len(sent["groups"]) == 4
