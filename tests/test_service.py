"""The façade: one instance, predictions with their cache and their clock, and errors that say what to do."""

import hashlib
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from dlcodegen_core.config import Settings, TrainConfig
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.errors import (
    ConfigError,
    DatasetError,
    EmbedderMismatch,
    EmbeddingError,
    ModelError,
    RequestError,
    TrainingCancelled,
    TrainingError,
)
from dlcodegen_core.features.embedders import Embedders
from dlcodegen_core.features.embedding import unit_vectors
from dlcodegen_core.features.layout import DIMENSIONS, EMBEDDING, GROUPS
from dlcodegen_core.inference import corrections as corrections_module
from dlcodegen_core.inference import predictor as predictor_module
from dlcodegen_core.inference.request_log import STAGES
from dlcodegen_core.latency import LatencyClock
from dlcodegen_core.models.deepcodenet import DeepCodeNet
from dlcodegen_core.models.saved_model import ModelCard, save_model
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.training.events import (
    Discarded,
    Event,
    Failed,
    Finished,
    Started,
    TrainMetrics,
    Waiting,
    to_line,
)

TOKENS = ("(", ")", "self", "return ", "\n    ", "x ", "= ")
CONFIG = TrainConfig(hidden_layers=(16,))


class DigestEmbedder:
    """Vectors drawn from a digest of the text; counts how often it is asked and may be held up."""

    identity = "local:digest"
    title = "digest"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.problem: EmbeddingError | None = None
        self.gate = threading.Event()
        self.gate.set()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.append(list(texts))
        assert self.gate.wait(60)
        if self.problem:
            raise self.problem
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts]
        rows = [np.random.default_rng(seed).standard_normal(EMBEDDING.size) for seed in seeds]
        return unit_vectors(np.array(rows, np.float32), self.title)


@pytest.fixture
def embedder() -> DigestEmbedder:
    return DigestEmbedder()


@pytest.fixture
def service(tmp_path: Path, embedder: DigestEmbedder) -> Iterator[DLCodeGen]:
    """A service with a made-up embedder, before the first training."""
    settings = Settings(home=tmp_path / "home", embedder="local")
    service = DLCodeGen(settings)
    service.embedders = Embedders(settings, local=embedder)
    yield service
    service.close()
    service.embedders.store.close()


@pytest.fixture
def trained(service: DLCodeGen) -> DLCodeGen:
    """The same with one version, whose weights are drawn at random."""
    _add_version(service, "v1")
    return service


def _add_version(service: DLCodeGen, version: str, embedder: str = "local:digest") -> None:
    torch.manual_seed(int(version[1:]))
    card = ModelCard(
        version=version,
        name="",
        created_at="2026-01-01T00:00:00+00:00",
        dataset="d",
        dataset_revision=None,
        dataset_fingerprint="",
        pairs=1,
        samples=1,
        config=CONFIG,
        embedder=embedder,
        embedder_title="digest",
        tokens=TOKENS,
        keyword_terms=("def",),
        keyword_idf=(1.0,),
        metrics={},
    )
    network = DeepCodeNet(len(card.vocabulary), CONFIG.hidden_layers)
    save_model(service.settings.versions_folder / version, card, network.state_dict())


def _at_once(work: Callable[[], Any], threads: int = 8) -> list[Any]:
    """The results of `work` from several threads that begin together."""
    barrier, results = threading.Barrier(threads), []

    def run() -> None:
        barrier.wait()
        results.append(work())

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return results


@pytest.fixture
def no_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no base model were shipped."""
    monkeypatch.setattr("dlcodegen_core.models.base_model.FOLDER", tmp_path / "no base model")


def test_all_threads_get_the_one_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DLCodeGen, "_instance", None)
    monkeypatch.setattr(Settings, "from_environment", lambda: Settings(home=tmp_path))
    instances = _at_once(DLCodeGen.get_instance)
    assert len(instances) == 8 and len({id(instance) for instance in instances}) == 1
    assert instances[0].settings.home == tmp_path
    assert DLCodeGen.get_instance() is instances[0]


def test_without_a_model_a_prediction_says_to_train_one(service: DLCodeGen, no_base: None) -> None:
    with pytest.raises(ModelError, match=r"There is no trained model yet\. Train one"):
        service.predict("def f")


def test_an_unknown_version_is_told_with_those_there_are(trained: DLCodeGen) -> None:
    with pytest.raises(ModelError, match=r"no model version 'v7'. There are: v1"):
        trained.predict("def f", version="v7")


def test_a_damaged_version_is_told_by_its_file(trained: DLCodeGen) -> None:
    (trained.settings.versions_folder / "v1" / "model.safetensors").write_bytes(b"")
    with pytest.raises(ModelError, match=r"Model v1, model\.safetensors"):
        trained.predict("def f")


def test_a_prediction_has_the_contracts_parts(trained: DLCodeGen) -> None:
    prediction = trained.predict("def f", ["import os"])
    assert prediction.completion in (*TOKENS, "")
    assert prediction.features.shape == (DIMENSIONS,) and prediction.features.dtype == np.float32
    assert prediction.version == "v1" and prediction.cached is False
    assert prediction.completion == prediction.candidates[0].text
    assert prediction.confidence == prediction.candidates[0].confidence
    confidences = [candidate.confidence for candidate in prediction.candidates]
    assert confidences[0] <= 1 and confidences == sorted(confidences, reverse=True) and confidences[-1] > 0
    assert len(confidences) == 4


def test_the_features_of_a_prediction_cannot_be_changed(trained: DLCodeGen) -> None:
    with pytest.raises(ValueError, match="read-only"):
        trained.predict("def f").features[0] = 1


def test_the_newest_version_answers_unless_one_is_named(trained: DLCodeGen) -> None:
    before = trained.predict("def f")
    _add_version(trained, "v2")
    assert trained.predict("def f").version == "v2"
    again = trained.predict("def f", version="v1")
    assert again.version == "v1"
    assert again.candidates == before.candidates


def test_an_equal_request_is_answered_from_the_cache(trained: DLCodeGen, embedder: DigestEmbedder) -> None:
    first = trained.predict("def f", ["import os"], max_tokens=2)
    asked = len(embedder.asked)
    second = trained.predict("def f", ["import os"], max_tokens=2)
    assert (first.cached, second.cached) == (False, True)
    assert len(embedder.asked) == asked
    assert second.candidates == first.candidates and second.features is first.features
    assert list(second.latency_ms) == ["cache look-up", "corrections"]
    stats = trained.get_cache_stats()
    assert (stats.size, stats.hits, stats.misses, stats.evictions) == (1, 1, 1, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "def g"},
        {"context": ["import sys"]},
        {"max_tokens": 2},
        {"beams": 3},
        {"stop": ["x"]},
        {"language": "go"},
        {"version": "v2"},
        {"prompt": "import os\ndef f", "context": []},
    ],
    ids=str,
)
def test_whatever_may_change_the_answer_is_another_request(trained: DLCodeGen, change: dict[str, Any]) -> None:
    _add_version(trained, "v2")
    request = {"prompt": "def f", "context": ["import os"], "version": "v1"}
    trained.predict(**request)
    assert not trained.predict(**{**request, **change}).cached


def test_clearing_the_cache_computes_anew(trained: DLCodeGen) -> None:
    first = trained.predict("def f")
    trained.clear_prediction_cache()
    second = trained.predict("def f")
    assert not second.cached and second.candidates == first.candidates


def test_the_stages_add_up_to_the_total(trained: DLCodeGen, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = itertools.count(1)
    looked = []

    def now() -> float:
        looked.append(float(next(looks)))
        return looked[-1]

    for module in (predictor_module, corrections_module):
        monkeypatch.setattr(module, "LatencyClock", lambda: LatencyClock(now))
    prediction = trained.predict("def f", max_tokens=3)
    # Between the two clocks, that of the model and that of what was taught, one look passes.
    assert prediction.total_ms == sum(prediction.latency_ms.values()) == 1000 * (looked[-1] - looked[0] - 1)
    of_sequences = ("reading", "parsing")
    assert tuple(prediction.latency_ms) == tuple(stage for stage in STAGES if stage not in of_sequences)
    looked.clear()
    cached = trained.predict("def f", max_tokens=3)
    assert cached.cached and cached.total_ms == 1000 * (looked[-1] - looked[0] - 1)


def test_every_answer_is_in_the_log_of_requests(trained: DLCodeGen) -> None:
    first, second = trained.predict("def f"), trained.predict("def f")
    records = trained.requests.records()
    assert [record.cached for record in records] == [False, True]
    assert [record.latency_ms for record in records] == [first.latency_ms, second.latency_ms]


def test_equal_requests_at_once_are_computed_once(trained: DLCodeGen, embedder: DigestEmbedder) -> None:
    embedder.gate.clear()

    def open_when_all_wait() -> None:
        while trained.get_cache_stats().misses < 8:
            time.sleep(0.01)
        time.sleep(0.1)  # between a missed look-up and the wait there is nothing to look at
        embedder.gate.set()

    opener = threading.Thread(target=open_when_all_wait)
    opener.start()
    answers = _at_once(lambda: trained.predict("def f"))
    opener.join()
    assert [answer.cached for answer in answers].count(False) == 1
    assert len({answer.candidates for answer in answers}) == 1
    assert len({id(answer.features) for answer in answers}) == 1


def test_different_requests_at_once_get_their_own_answers(trained: DLCodeGen) -> None:
    numbers = itertools.count()
    expected = {f"def f{n}": trained.predict(f"def f{n}").candidates for n in range(8)}
    trained.clear_prediction_cache()

    def ask() -> tuple[str, Any]:
        prompt = f"def f{next(numbers)}"
        return prompt, trained.predict(prompt).candidates

    assert dict(_at_once(ask)) == expected


def test_a_failure_reaches_everybody_and_is_not_cached(trained: DLCodeGen, embedder: DigestEmbedder) -> None:
    embedder.problem = EmbeddingError("The embedder is ill.")

    def ask() -> str:
        with pytest.raises(EmbeddingError) as caught:
            trained.predict("def f")
        return str(caught.value)

    assert _at_once(ask) == ["The embedder is ill."] * 8
    embedder.problem = None
    assert not trained.predict("def f").cached


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"prompt": ""}, "The prompt is empty"),
        ({"prompt": " \n", "context": ["\t"]}, "The prompt is empty"),
        ({"prompt": None}, "The prompt is NoneType, not text"),
        ({"prompt": b"def"}, "The prompt is bytes, not text"),
        ({"prompt": "x" * 100_001}, "The prompt has 100,001 characters"),
        ({"prompt": "\ud800"}, "half of a character"),
        ({"context": "import os"}, "context is str. Give a list of strings"),
        ({"context": None}, "context is NoneType. Give a list of strings"),
        ({"context": [1]}, "A context line is int, not text"),
        ({"context": ["\udfff"]}, "half of a character"),
        ({"max_tokens": 0}, "max_tokens is 0. Use a whole number from 1 to 256"),
        ({"max_tokens": 257}, "max_tokens is 257"),
        ({"max_tokens": 1.5}, "max_tokens is 1.5"),
        ({"max_tokens": "2"}, "max_tokens is '2'"),
        ({"beams": 0}, "beams is 0. Use a whole number from 1 to 16"),
        ({"beams": 17}, "beams is 17"),
        ({"stop": "\n"}, "stop is str. Give a list of strings"),
        ({"stop": [""]}, "A stop string is empty or not text"),
        ({"stop": [5]}, "A stop string is empty or not text"),
        ({"language": "cobol"}, "The language 'cobol' is not known. Use one of: python"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_option_out_of_range_is_told(trained: DLCodeGen, options: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestError) as caught:
        trained.predict(**{"prompt": "def f", **options})
    assert told in str(caught.value)


def test_a_completion_ends_before_a_stop_string(trained: DLCodeGen) -> None:
    whole = trained.predict("def f", max_tokens=4, beams=1)
    mark = whole.candidates[0].tokens[1]
    cut = trained.predict("def f", max_tokens=4, beams=1, stop=[mark])
    assert mark not in cut.completion
    assert whole.completion.startswith(cut.completion)


@pytest.mark.parametrize("prompt", ["مرحبا", "👩‍👩‍👧", "\0", "def f(\r\n", "x" * 100_000])
def test_any_text_is_answered(trained: DLCodeGen, prompt: str) -> None:
    assert trained.predict(prompt).version == "v1"


def test_a_model_of_another_embedder_is_refused_with_the_way_out(service: DLCodeGen) -> None:
    _add_version(service, "v1", embedder="ollama:nomic-embed-text:abc")
    with pytest.raises(EmbedderMismatch, match="DLCODEGEN_EMBEDDER=local allows only other ones"):
        service.predict("def f")


def test_a_disk_that_refuses_the_embedding_cache_does_not_keep_anybody_from_an_answer(trained: DLCodeGen) -> None:
    (trained.settings.home / "cache").touch()
    assert trained.predict("def f").version == "v1"


def test_the_breakdown_names_every_group(trained: DLCodeGen) -> None:
    prediction = trained.predict("def f(self):")
    groups = trained.explainer.break_down(prediction, strongest=2)
    assert [group.name for group in groups] == [group.name for group in GROUPS]
    assert all(len(group.strongest) <= 2 for group in groups)
    assert len(trained.explainer.dimension_names("v1")) == DIMENSIONS
    assert trained.explainer.dimension_names("v1")[384] == "def"


def test_a_dataset_file_is_evaluated_without_learning_from_it(trained: DLCodeGen, tmp_path: Path) -> None:
    file = tmp_path / "held out.json"
    file.write_text(json.dumps({"inputs": ["def f", "a ", "b"], "targets": ["(", "self", "never seen"]}))
    result = trained.evaluator.evaluate(file)
    assert (result.version, result.pairs, result.samples) == ("v1", 3, 3)
    assert result.unknown_share == pytest.approx(1 / 3)
    assert 0 <= result.accuracy <= result.top_5_accuracy <= 2 / 3
    assert trained.evaluator.evaluate(file) == result


def test_a_stored_dataset_is_evaluated_by_its_name(trained: DLCodeGen) -> None:
    trained.datasets.create("mine", [Pair("def f", "(")])
    assert trained.evaluator.evaluate("mine", "v1").samples == 1


def test_an_export_holds_the_versions_weights(trained: DLCodeGen, tmp_path: Path) -> None:
    exported = trained.export(None, "safetensors", tmp_path / "out.safetensors")
    original = load_file(trained.settings.versions_folder / "v1" / "model.safetensors")
    assert load_file(exported).keys() == original.keys()


def test_an_export_before_the_first_training_says_to_train(service: DLCodeGen, tmp_path: Path, no_base: None) -> None:
    with pytest.raises(ModelError, match="There is no trained model yet"):
        service.export(None, "pt", tmp_path / "out.pt")


def test_a_bad_dataset_file_is_refused_before_any_job_is_made(service: DLCodeGen, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("[]")
    with pytest.raises(DatasetError, match=r"bad\.json is a list"):
        service.train(tmp_path / "bad.json")
    with pytest.raises(DatasetError, match=r"nowhere\.json does not exist"):
        service.train(tmp_path / "nowhere.json")
    assert service.jobs.jobs() == []


def test_training_on_an_unknown_stored_dataset_is_told(service: DLCodeGen) -> None:
    with pytest.raises(DatasetError, match="There is no dataset called 'nothing'"):
        service.start_training("nothing", CONFIG)
    assert service.jobs.jobs() == []


def test_a_job_nobody_knows_is_told(service: DLCodeGen) -> None:
    for job_id in ("000001", "../..", ""):
        with pytest.raises(TrainingError, match="There is no training"):
            service.follow(job_id)


@pytest.mark.parametrize("afterwards", [Started(2.0, resumed=True), Waiting()])
def test_a_job_interrupted_after_a_resume_does_not_tell_its_earlier_end(
    service: DLCodeGen, afterwards: Started | Waiting
) -> None:
    metrics = TrainMetrics(0.1, 0.9, None, None, 1.0, "v1", 1, 1, 3, 0, 0.0, 10, {})
    _write_job(service, Started(1.0), Finished(metrics, stopped=True), afterwards)
    with pytest.raises(TrainingError, match="The training was interrupted"):
        service.follow("000001")


def test_a_finished_job_can_be_followed_at_any_time(service: DLCodeGen) -> None:
    metrics = TrainMetrics(0.1, 0.9, None, None, 1.0, "v1", 1, 1, 3, 0, 0.0, 10, {})
    _write_job(service, Started(1.0), Failed("The disk is full."), Started(2.0, resumed=True), Finished(metrics))
    heard: list[Event] = []
    assert service.follow("000001", heard.append) == metrics
    assert len(heard) == 4


def test_a_failed_job_tells_why(service: DLCodeGen) -> None:
    _write_job(service, Started(1.0), Failed("The disk is full. Free some space."))
    with pytest.raises(TrainingError, match=r"^The disk is full\. Free some space\.$"):
        service.follow("000001")


def test_a_discarded_job_tells_so_though_it_was_stopped_before(service: DLCodeGen) -> None:
    metrics = TrainMetrics(0.1, 0.9, None, None, 1.0, "v1", 1, 1, 3, 0, 0.0, 10, {})
    _write_job(service, Started(1.0), Finished(metrics, stopped=True), Discarded())
    with pytest.raises(TrainingCancelled, match="discarded"):
        service.follow("000001")


def _write_job(service: DLCodeGen, *events: Event) -> None:
    """A job of an earlier workbench."""
    folder = service.settings.jobs_folder / "000001"
    folder.mkdir(parents=True)
    (folder / "events.jsonl").write_text("".join(map(to_line, events)))


def test_training_options_out_of_range_are_all_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        TrainConfig(epochs=0, dropout=1, hidden_layers=())
    assert all(name in str(caught.value) for name in ("epochs is 0", "dropout is 1", "hidden_layers is ()"))


def test_the_status_tells_which_embedder_is_used_and_why(service: DLCodeGen) -> None:
    status = service.status()
    assert (status.embedder, status.embedder_note, status.embedder_problem) == (
        "digest",
        "chosen by DLCODEGEN_EMBEDDER",
        "",
    )


def test_warming_up_loads_the_newest_model_and_needs_none(service: DLCodeGen, embedder: DigestEmbedder) -> None:
    service.warm_up()
    assert embedder.asked == []
    _add_version(service, "v1")
    service.warm_up()
    assert embedder.asked == [["warm up"]]
    assert service.requests.records() == []


def test_what_is_not_sure_enough_is_not_offered_and_costs_no_second_computation(trained: DLCodeGen) -> None:
    sure = trained.predict("def f(x):", beams=3)
    kept_back = trained.predict("def f(x):", beams=3, min_confidence=1.0)
    assert (kept_back.completion, kept_back.abstained, kept_back.cached) == ("", True, True)
    assert kept_back.candidates == sure.candidates
    assert kept_back.confidence == sure.confidence
    assert not trained.predict("def f(x):", beams=3, min_confidence=sure.confidence / 2).abstained
    with pytest.raises(RequestError, match="min_confidence is 2"):
        trained.predict("def f(x):", min_confidence=2)
