"""The design document's own requests and replies, with a small DeepCodeNet and the base model."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.errors import RequestError
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models import base_model
from dlcodegen_core.serving.design_routes import PREDICT, ROUTES
from dlcodegen_core.serving.engine import Engine
from dlcodegen_core.serving.training_asked import TrainingAsked, inside_home, read_config, read_training
from dlcodegen_core.serving.vectors_asked import model_name, read_vectors
from dlcodegen_core.training.vectors import train_on_vectors
from tests.explain import trained_model

PROMPT = trained_model.prompt("piano", "open")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def service(trained_small: trained_model.Trained) -> Iterator[DLCodeGen]:
    service = DLCodeGen(Settings(home=trained_small.versions.parent, embedder="local"))
    yield service
    service.close()


@pytest.fixture
def client(service: DLCodeGen, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(DLCodeGen, "_instance", service)
    with TestClient(Starlette(routes=ROUTES), base_url="http://127.0.0.1") as client:
        yield client
    Engine.get().close()


def refused(client: TestClient, address: str, body: object, sentence: str, status: int = 400) -> None:
    answer = client.post(address, json=body)
    assert answer.status_code == status and sentence in answer.json()["error"]
    assert "Traceback" not in answer.text


def test_a_prompt_is_completed_as_the_design_has_it(client: TestClient) -> None:
    told = client.post(PREDICT, json={"prompt": PROMPT, "context": []}).json()
    assert told["completion"] == "close" and 0 < told["confidence"] <= 1
    assert len(told["features"]) == DIMENSIONS
    assert client.post(PREDICT, json={"prompt": PROMPT, "context": []}).json()["cached"]


def test_features_are_left_out_where_they_are_not_wanted(client: TestClient) -> None:
    assert "features" not in client.post(PREDICT, json={"prompt": PROMPT, "features": False}).json()


@pytest.mark.skipif(not base_model.is_there(), reason="no base model is shipped with this checkout")
def test_a_sequence_models_features_are_computed_only_if_they_are_asked_for(client: TestClient) -> None:
    body = {"prompt": "import os\nimport ", "version": "base", "max_tokens": 3}
    assert "features" not in client.post(PREDICT, json=body).json()
    assert len(client.post(PREDICT, json={**body, "features": True}).json()["features"]) == DIMENSIONS


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "The prompt is NoneType"),
        ({"prompt": "x", "beam": 2}, "Unknown options: beam"),
        ({"prompt": "x", "user": 7}, "user is no text"),
        ({"prompt": "x", "wait": "yes"}, "wait is neither true nor false"),
        ({"prompt": "x", "suffix": "y"}, "sees nothing behind the cursor"),
        ([], "not a JSON object"),
    ],
)
def test_what_cannot_be_answered_is_told_in_a_sentence(client: TestClient, body: object, sentence: str) -> None:
    refused(client, PREDICT, body, sentence)


def test_a_version_that_is_not_there_is_not_found(client: TestClient) -> None:
    refused(client, PREDICT, {"prompt": "x", "version": "v99"}, "no model version 'v99'", 404)


def test_a_feature_vector_is_answered_as_its_prompt_is(client: TestClient) -> None:
    told = client.post(PREDICT, json={"prompt": PROMPT, "features": True}).json()
    answer = client.post("/predict", json={"features": told["features"], "modelPath": ".data/dl-model.pt"}).json()
    assert answer["completion"] == told["completion"] and answer["version"] == told["version"]
    assert answer["confidence"] == pytest.approx(told["confidence"], rel=1e-4)
    assert answer["completion_idx"] >= 1


@pytest.mark.parametrize(
    ("number", "count"),
    [("null", 1), ("1", 543), ("1", 545), ('"1"', 544), ("1e999", 544), ("[1]", 544), ("true", 544)],
)
def test_what_is_no_feature_vector_is_refused(client: TestClient, number: str, count: int) -> None:
    content = f'{{"features": [{", ".join([number] * count)}]}}'
    answer = client.post("/predict", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 400 and f"no list of {DIMENSIONS} numbers" in answer.json()["error"]


@pytest.mark.parametrize("address", [PREDICT, "/predict", "/train", "/api/dl-codegen/train"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON, data=st.data())
def test_any_value_in_any_field_is_answered_or_refused_in_a_sentence(client, address, value, data) -> None:
    name = data.draw(st.sampled_from(["prompt", "context", "max_tokens", "stop", "version", "user", "features", "x"]))
    name = name if address in (PREDICT, "/predict") else data.draw(st.sampled_from(["dataset", "labels", "config"]))
    body = {"prompt": PROMPT} if address == PREDICT else {}
    content = json.dumps({**body, name: value})
    answer = client.post(address, content=content, headers={"content-type": "application/json"})
    assert answer.status_code in (200, 400, 404)
    assert answer.status_code == 200 or answer.json()["error"]


# What is wanted trained.


def test_the_designs_names_of_the_options_are_known() -> None:
    given_config = {"hiddenLayers": [8], "lr": 0.01, "batchSize": 4, "epochs": 2, "dropout": 0.1, "embeddingDim": 384}
    config = TrainConfig(hidden_layers=(8,), learning_rate=0.01, batch_size=4, epochs=2, dropout=0.1)
    assert read_training({"datasetPath": "mine", "config": given_config}) == TrainingAsked("mine", config)


def test_a_sequence_model_has_its_own_defaults() -> None:
    assert read_config({"model": "sequence", "seconds": 5}) == TrainConfig.sequence(seconds=5)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "dataset is missing"),
        ({"dataset": "x", "config": {"lr": 7}}, "learning_rate is 7"),
        ({"dataset": "x", "config": []}, "config is no JSON object"),
        ({"dataset": "x", "config": {"learn": 1}}, "unknown option learn"),
        ({"dataset": "x", "more": 1}, "Unknown: more"),
        ({"dataset": "x", "name": 1}, "name is no text"),
    ],
)
def test_a_training_that_cannot_be_is_refused(body: dict, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        read_training(body)


def test_only_what_lies_inside_the_home_folder_is_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "mine").mkdir(parents=True)
    (home / "mine" / "pairs.json").write_text("{}")
    (tmp_path / "secret.json").write_text("{}")
    (home / "link.json").symlink_to(tmp_path / "secret.json")
    assert inside_home(home, "mine/pairs.json") == (home / "mine" / "pairs.json").resolve()
    assert inside_home(home, str(home / "mine")) == (home / "mine").resolve()
    for outside in ("../secret.json", str(tmp_path / "secret.json"), "link.json", "/etc/passwd", "", ".", "a\0b"):
        with pytest.raises(RequestError, match="inside the home folder"):
            inside_home(home, outside)


def test_a_dataset_outside_is_refused_over_http(client: TestClient) -> None:
    refused(client, "/api/dl-codegen/train", {"dataset": "/etc/passwd"}, "inside the home folder")
    refused(client, "/train", {"dataset": "../../etc/passwd"}, "inside the home folder")


# Feature vectors.

ROWS = [[0.0] * DIMENSIONS, [1.0] * DIMENSIONS]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"features": ROWS[:1], "labels": [0]}, "no list of 2 to"),
        ({"features": [[0.1, 0.2], [0.3, 0.4]], "labels": [0, 1]}, "features, row 0"),
        ({"features": ROWS}, "Give either labels"),
        ({"features": ROWS, "labels": [0, 1], "completions": ["a", "b"]}, "Give either labels"),
        ({"features": ROWS, "labels": [0]}, "There are 2 vectors"),
        ({"features": ROWS, "labels": [0, -1]}, "A label is no whole number"),
        ({"features": ROWS, "labels": [True, False]}, "A label is no whole number"),
        ({"features": ROWS, "completions": ["a", ""]}, "A completion is empty"),
        ({"features": ROWS, "labels": [0, 1], "modelPath": "../../versions"}, "leads out of the home folder"),
        ({"features": ROWS, "labels": [0, 1], "modelPath": "/etc/model"}, "leads out of the home folder"),
        ({"features": ROWS, "labels": [0, 1], "modelPath": ".."}, "modelPath is no path"),
    ],
)
def test_vectors_that_cannot_be_trained_on_are_refused(tmp_path: Path, body: dict, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        read_vectors(body, tmp_path)


def test_a_model_path_gives_a_name_and_never_a_place(tmp_path: Path) -> None:
    assert model_name({"modelPath": ".data/dl-model.pt"}, tmp_path) == "dl-model.pt"
    assert model_name({"modelPath": str(tmp_path / "versions" / "v1")}, tmp_path) == "v1"
    assert model_name({}, tmp_path) == "dl-model"


def test_a_model_of_vectors_learns_and_answers_under_its_own_path(client: TestClient, service: DLCodeGen) -> None:
    random = np.random.default_rng(0)
    kinds = np.arange(60) % 3
    features = (random.normal(size=(60, DIMENSIONS)) + 2 * kinds[:, None]).astype(np.float32)
    body = {
        "features": features.tolist(),
        "labels": kinds.tolist(),
        "config": {"epochs": 12, "lr": 0.02, "hiddenLayers": [16], "batchSize": 8},
    }
    asked = read_vectors(body, service.settings.home)
    folder = service.settings.vector_models_folder / asked.name
    for _ in range(2):  # the second takes the place of the first
        metrics = train_on_vectors(asked.features, asked.targets, asked.tokens, asked.config, folder)
    assert metrics.accuracy > 0.9 and (metrics.samples, metrics.held_out_samples) == (51, 9)
    answer = client.post("/predict", json={"features": features[1].tolist()}).json()
    assert (answer["completion_idx"], answer["completion"], answer["modelPath"]) == (1, "1", "dl-model")
    assert [path.name for path in folder.parent.iterdir()] == ["dl-model"]
    assert client.post("/predict", json={"features": features[1].tolist(), "version": "v1"}).json()["version"] == "v1"
