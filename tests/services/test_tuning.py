"""Fine-tunings in real worker processes: both kinds of model learn, the verdict is kept, a kill loses nothing."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.data.demo import standard_library_pairs
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.errors import TrainingError
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.registry.tuned_versions import pin_production, settle_tunings, settlement_of
from dlcodegen_core.training.events import PhaseProgress
from dlcodegen_core.training.job import JobStatus
from dlcodegen_core.training.tuning.lessons import Lesson
from dlcodegen_core.training.tuning.request import tuning_request
from tests.sequence_model import copy_source, train

pytestmark = pytest.mark.service

FEEDBACK = "Your feedback"
SMALL = TrainConfig(hidden_layers=(32, 16), epochs=12, held_out=0.3)
PROMPT = "def close_all(handles):\n    for handle in handles:\n        "
TAUGHT = [Pair(PROMPT, "handle.close_quietly()"), Pair("total = 0\nfor price in prices:\n    ", "total = add(total)")]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with v1, a small sequence model, and v2, a small DeepCodeNet; and some feedback."""
    home = tmp_path_factory.mktemp("tuning")
    service = DLCodeGen(Settings(home=home / "home", embedder="local"))
    train(service, copy_source(home / "source"))
    service.datasets.create("lines", standard_library_pairs(150))
    service.datasets.create(FEEDBACK, TAUGHT)
    service.train("lines", SMALL)
    service.close()
    return home / "home"


@pytest.fixture
def service(home):
    service = DLCodeGen(Settings(home=home, embedder="local"))
    yield service
    service.close()


def _submit(service, version, **options):
    pin_production(service.versions)
    request = tuning_request(service.versions.card(version), FEEDBACK, service.datasets.info(FEEDBACK).revision)
    return service.jobs.submit(replace(request, config=replace(request.config, **options)))


def test_a_sequence_model_learns_from_feedback_and_is_judged(service):
    service.versions.promote("v1")
    job_id = _submit(service, "v1", seconds=2.0)
    made = service.follow(job_id).version
    card = service.versions.card(made)
    assert card.parent == "v1" and card.tuning["verdict"] in ("production", "candidate")
    assert card.tuning["feedback"] == sorted(Lesson(pair.prompt, pair.target).digest for pair in TAUGHT)
    figures = card.tuning["figures"]
    assert figures["answers"]["count"] >= 80 and figures["surprise"]["count"] > 1000
    assert figures["taught"]["child_right"] == 2, card.tuning["reasons"]
    (settled,) = settle_tunings(service.versions, service.jobs.jobs())
    assert settled.alias == card.tuning["verdict"]
    assert _said(service, made, max_tokens=32, stop=("\n",)) == "handle.close_quietly()"
    # What it holds goes on: it can be measured on the split of its parent, and fine-tuned again.
    assert service.evaluator.source_of(card).fingerprint == card.dataset_fingerprint


def test_deepcodenet_learns_tokens_that_it_had_no_class_for(service):
    job_id = _submit(service, "v2")
    made = service.follow(job_id).version
    card = service.versions.card(made)
    assert "handle" in card.tuning["new_tokens"] or "handle" in service.versions.card("v2").tokens
    assert card.tuning["figures"]["taught"]["child_right"] > card.tuning["figures"]["taught"]["parent_right"]
    assert card.tokens[: len(service.versions.card("v2").tokens)] == service.versions.card("v2").tokens
    assert _said(service, made, max_tokens=1) == "handle"
    settle_tunings(service.versions, service.jobs.jobs())
    assert settlement_of(service.jobs.folder(job_id)).version == made


def test_a_killed_fine_tuning_leaves_no_version_and_can_be_started_again(service):
    before = sorted(path.name for path in service.versions.root.glob("v*"))
    answering = service.versions.resolve(None)
    job_id = _submit(service, "v2")
    job = service.jobs.folder(job_id)
    _until(lambda: any(isinstance(event, PhaseProgress) for event in job.events()))
    os.kill(_worker_of(job.path), signal.SIGKILL)
    _until(lambda: service.jobs.status(job_id) is JobStatus.INTERRUPTED)
    assert sorted(path.name for path in service.versions.root.glob("v*")) == before
    assert settle_tunings(service.versions, [job]) == []
    assert service.versions.resolve(None) == answering
    service.jobs.resume(job_id)
    assert service.follow(job_id).version not in before


def test_a_deepcodenet_whose_pairs_are_gone_says_so(service):
    service.datasets.delete("lines")
    with pytest.raises(TrainingError, match=r"v2 cannot be fine-tuned: .* they are gone"):
        service.follow(_submit(service, "v2"))


def _said(service, version, **options):
    """What the model itself says; the service would answer from the memory of corrections."""
    return service.predictor.predict(PredictionRequest.of(PROMPT, **options), version).completion


def _until(condition):
    deadline = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def _worker_of(folder):
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                arguments = (process / "cmdline").read_bytes()
            except OSError:
                continue  # it ended while we looked
            if b"dlcodegen_core.training.worker" in arguments and os.fsencode(folder) in arguments:
                return int(process.name)
    raise AssertionError("no worker is at work")
