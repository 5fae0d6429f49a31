"""A sequence model through the façade: trained in its own process on real source, asked, measured, kept."""

import json

import numpy as np
import pytest

from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.cli import main
from dlcodegen_core.errors import DatasetError, ModelError, RequestError, TrainingError
from dlcodegen_core.models.saved_model import WEIGHTS_FILE
from dlcodegen_core.plain_values import to_plain
from tests.sequence_model import own_lines, shared_lines

PROMPT = "import json\n\n\ndef load(path):\n    with open(path) as file:\n        return json."


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with a sequence model of a few seconds, without its report."""
    own = own_lines(shared_lines(tmp_path_factory), tmp_path_factory.mktemp("sequence") / "own")
    (own / "home" / "reports" / "v1.json").unlink()
    return own


@pytest.fixture
def service(home):
    service = DLCodeGen(Settings(home=home / "home", embedder="local"))
    yield service
    service.close()


def test_it_is_trained_within_its_time_and_measured_on_held_out_files(service):
    card = service.versions.card("v1")
    assert card.is_sequence and card.metrics["bits_per_character"] < 4
    assert card.metrics["held_out_samples"] > 0
    assert list(card.metrics["seconds_by_phase"]) == [
        "reading", "counting", "fitting", "weighing", "calibrating", "saving",
    ]  # fmt: skip


def test_a_line_is_completed_with_alternatives_and_ends_before_the_newline(service):
    answer = service.predict(PROMPT, max_tokens=40, stop=["\n"])
    assert answer.completion and "\n" not in answer.completion
    assert all(0 <= candidate.confidence <= 1 for candidate in answer.candidates)
    assert len({candidate.text for candidate in answer.candidates}) == len(answer.candidates)
    assert set(answer.latency_ms) == {"cache look-up", "model load", "reading", "decode", "parsing", "corrections"}


def test_the_features_are_made_when_they_are_asked_for(service):
    answer = service.predict(PROMPT, max_tokens=5)
    assert answer.features.shape == (544,) and answer.features.dtype == np.float32
    assert answer.features is answer.features
    assert len(to_plain(answer)["features"]) == 544


def test_a_word_may_be_cut_anywhere(service):
    whole = service.predict("import logging\n\nlogger = logging.getLogger", max_tokens=12, stop=["\n"])
    cut = service.predict("import logging\n\nlogger = logging.getLog", max_tokens=12, stop=["\n"])
    assert cut.completion.startswith("ger")
    assert whole.version == cut.version


def test_typing_along_a_suggestion_computes_nothing(service, monkeypatch):
    first = service.predict(PROMPT, max_tokens=40, stop=["\n"])
    monkeypatch.setattr("dlcodegen_core.inference.sequence_answers.search", lambda *_a, **_k: pytest.fail("searched"))
    typed = service.predict(PROMPT + first.completion[:2], max_tokens=40, stop=["\n"])
    assert typed.cached and typed.completion == first.completion[2:]
    assert typed.confidence >= first.confidence - 1e-9


def test_samples_are_drawn_alike_from_one_seed(service):
    options = {"max_tokens": 12, "temperature": 1.0, "top_k": 50, "top_p": 0.95, "beams": 3}
    first = service.predict(PROMPT, seed=1, **options)
    service.clear_prediction_cache()
    assert service.predict(PROMPT, seed=1, **options).completion == first.completion


def test_what_stands_behind_the_cursor_is_copied_from(service):
    prompt = "class Box:\n    def first(self):\n        return self."
    suffix = "\n\n    def second(self):\n        return self.zorblatt_counter\n" * 2
    without = service.predict(prompt, max_tokens=20, stop=["\n"])
    answer = service.predict(prompt, max_tokens=20, stop=["\n"], suffix=suffix)
    assert "zorblatt" not in "".join(candidate.text for candidate in without.candidates)
    assert any("zorblatt_counter" in candidate.text for candidate in answer.candidates)


def test_a_cancelled_request_ends_at_once_and_is_not_kept(service):
    asked = []

    def cancelled():
        asked.append(True)
        return len(asked) > 2

    short = service.predict("def cancelled_here(", max_tokens=200, cancelled=cancelled)
    assert len(short.candidates[0].tokens) <= 3
    assert not service.predict("def cancelled_here(", max_tokens=200).cached


def test_several_lines_end_in_time_and_do_not_go_round_in_circles(service):
    answer = service.predict("x = 1\n" * 30, max_tokens=60)
    assert answer.completion.count("x = 1\n") < 10


@pytest.mark.parametrize(
    ("option", "value"), [("temperature", -1), ("top_p", 0), ("top_k", -3), ("length_penalty", "high"), ("seed", -1)]
)
def test_an_option_out_of_range_is_refused_by_name(service, option, value):
    with pytest.raises(RequestError, match=option):
        service.predict("x", **{option: value})


@pytest.mark.parametrize("prompt", ["x\n", "é", "x = '☃", "\t\tx", "}" * 500, "x\0", "a" * 20_000, "\n\n    x "])
def test_any_prompt_is_answered(service, prompt):
    assert service.predict(prompt, max_tokens=6).version == "v1"


def test_it_is_measured_on_a_folder(service, home):
    result = service.evaluator.evaluate(home / "project" / "html")
    assert 0 < result.accuracy.mean <= 1 and result.bits_per_character.mean > 0
    assert "bits a character" in result.sentence


def test_the_report_puts_the_same_lines_to_every_system(service):
    heard = []
    report = service.evaluator.make_report(
        "v1", lambda what, share: heard.append(round(share, 6)), cases=20, tokens=400
    )
    names = [system.name for system in report.scoreboard.systems]
    assert report.system in names and len(names) >= 10
    assert all(system.failure is None for system in report.scoreboard.systems)
    assert service.evaluator.report("v1") == report
    assert heard == sorted(heard)
    assert 0.5 < report.sound_share <= 1
    own, ngrams = report.tokens[report.system], report.tokens["N-grams"]
    assert own.bits_per_character.mean < ngrams.bits_per_character.mean


def test_a_source_that_changed_is_not_measured_on(home, tmp_path):
    import shutil

    shutil.copytree(home / "home", tmp_path / "home")
    changed = DLCodeGen(Settings(home=tmp_path / "home", embedder="local"))
    extra = home / "project" / "added_later.py"
    extra.write_text("x = 1\n")
    try:
        with pytest.raises(DatasetError, match="has changed since"):
            changed.evaluator.make_report("v1", lambda what, share: None)
    finally:
        extra.unlink()
        changed.close()


def test_a_damaged_model_is_named(service, home, tmp_path):
    import shutil

    shutil.copytree(home / "home", tmp_path / "home")
    weights = tmp_path / "home" / "versions" / "v1" / WEIGHTS_FILE
    weights.write_bytes(weights.read_bytes()[:-10] + b"0123456789")
    broken = DLCodeGen(Settings(home=tmp_path / "home", embedder="local"))
    with pytest.raises(ModelError, match=r"v1.*not what was saved"):
        broken.predict("x")
    broken.close()


@pytest.mark.parametrize("file_format", ["safetensors", "pt"])
def test_it_is_exported(service, tmp_path, file_format):
    assert service.export("v1", file_format, tmp_path / "model").stat().st_size > 100_000


def test_a_folder_is_refused_for_deepcodenet_with_what_to_do(service, home):
    with pytest.raises(DatasetError, match="sequence model"):
        service.train(home / "project")


def test_an_empty_folder_is_refused_by_name(service, tmp_path):
    with pytest.raises(DatasetError, match="no source file"):
        service.train(tmp_path, TrainConfig.sequence())


@pytest.mark.parametrize("pairs", [1, 20])
def test_a_handful_of_pairs_in_three_languages_is_learned_and_confidence_stays_low(tmp_path, pairs):
    texts = [("def add(a, b):\n    ", "return a + b"), ("function add(a, b) {\n  ", "return a + b;"), ("let x", " = 1")]
    data = tmp_path / "data.json"
    chosen = [texts[number % 3] for number in range(pairs)]
    data.write_text(json.dumps({"inputs": [p for p, _t in chosen], "targets": [t for _p, t in chosen]}))
    service = DLCodeGen(Settings(home=tmp_path / "home", embedder="local"))
    try:
        service.train(data, TrainConfig.sequence(seconds=2))
        answer = service.predict("class Unseen:\n    ", max_tokens=8, stop=["\n"])
        assert answer.confidence < 0.9
    finally:
        service.close()


def test_a_training_starts_from_the_base_unless_told_otherwise(home, tmp_path):
    service = DLCodeGen(Settings(home=tmp_path / "home", embedder="local"))
    if service.versions.base() is None:
        pytest.skip("no base model is shipped here")
    try:
        folder = home / "project" / "html"
        versions = [
            service.train(folder, TrainConfig.sequence(seconds=2, from_scratch=scratch)).version
            for scratch in (False, True)
        ]
        models = [service.predictor.model(version).model for version in versions]
        base = service.predictor.model("base").model
        assert len(models[0].tokenizer) >= len(base.tokenizer) > len(models[1].tokenizer)
        assert models[0].fills_gaps and base.fills_gaps and not models[1].fills_gaps
    finally:
        service.close()


def test_the_base_model_answers_before_anything_was_trained(tmp_path):
    service = DLCodeGen(Settings(home=tmp_path / "home", embedder="local"))
    if service.versions.base() is None:
        pytest.skip("no base model is shipped here")
    try:
        answer = service.predict("import os\nimport sys\n\n\ndef main():\n    ", max_tokens=16, stop=["\n"])
        assert answer.version == "base" and answer.completion
        assert service.versions.latest() is None and service.versions.all() == []
        with pytest.raises(ModelError, match="nothing of yours"):
            service.evaluator.make_report("base", lambda what, share: None)
    finally:
        service.close()


def test_the_command_line_trains_on_a_folder_and_evaluates(home, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DLCODEGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(DLCodeGen, "_instance", None)
    folder = str(home / "project" / "json")
    assert main(["train", folder, "--model", "sequence", "--seconds", "2", "--json"]) == 0
    trained = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert trained["version"] == "v1" and trained["seconds"] < 30
    monkeypatch.setattr(DLCodeGen, "_instance", None)
    assert main(["evaluate", folder, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["bits_per_character"]["mean"] > 0
    monkeypatch.setattr(DLCodeGen, "_instance", None)


def test_a_stopped_training_keeps_what_it_has(home, tmp_path):
    service = DLCodeGen(Settings(home=tmp_path / "home", embedder="local"))
    try:
        config = TrainConfig.sequence(seconds=60, vocabulary_size=1024)
        job = service.start_folder_training(home / "project", config)
        stopped = []

        def on_event(event):
            if event.kind == "epoch" and not stopped:
                stopped.append(True)
                service.jobs.stop(job)

        metrics = service.follow(job, on_event)
        assert metrics.version == "v1" and metrics.seconds < 50
        assert service.predict("import ", max_tokens=3).version == "v1"
    finally:
        service.close()


def test_a_discarded_training_leaves_nothing(home, tmp_path):
    service = DLCodeGen(Settings(home=tmp_path / "home", embedder="local"))
    try:
        job = service.start_folder_training(home / "project", TrainConfig.sequence(seconds=60, vocabulary_size=1024))
        with pytest.raises(TrainingError, match="discarded"):
            service.follow(job, lambda event: service.jobs.discard(job) if event.kind == "epoch" else None)
        assert service.versions.latest() is None
    finally:
        service.close()
