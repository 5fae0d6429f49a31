"""A tiny run: it stops and goes on, counts on, and what is exported answers as the network did."""

import json

import numpy as np
import pytest
import torch

from dlcodegen_core.models.saved_model import load_sequence, load_start
from dlcodegen_core.models.sequence.line_search import SearchOptions, search
from dlcodegen_core.models.sequence.network import NetworkShape
from dlcodegen_core.models.sequence.network_pass import NetworkPass
from dlcodegen_core.models.sequence.tokenizer import END_OF_FILE, CodeTokenizer
from pretraining import pretrain
from pretraining.checkpoints import BEFORE_COOL_DOWN, FILE, Progress, load_checkpoint
from pretraining.export import export
from pretraining.pretrain import Plan, Pretraining

CPU = torch.device("cpu")
TEXT = "".join(
    f"def function_{number}(value):\n    return value * {number} + len(str(value))\n\n" for number in range(300)
)


@pytest.fixture
def cache(tmp_path):
    tokenizer = CodeTokenizer.train([TEXT], 512)
    parts = [tokenizer.encode(TEXT[start : start + 3000]) for start in range(0, len(TEXT), 3000)]
    tokens = np.concatenate([[END_OF_FILE], *(np.append(part, END_OF_FILE) for part in parts)]).astype("<u2")
    (tmp_path / "tokenizer.json").write_text(tokenizer.to_json(), "utf-8")
    tokens.tofile(tmp_path / "train.u16")
    tokens.tofile(tmp_path / "held-out.u16")
    return tmp_path


@pytest.fixture
def ticking(monkeypatch):
    """Every step takes one second."""
    monkeypatch.setattr(pretrain.Clock, "passed", lambda self, threads=1: 1.0)
    monkeypatch.setattr("pretraining.measurement.WINDOWS", 4)


def begin(cache):
    shape = NetworkShape(512, width=32, layers=2, heads=4)
    return Pretraining(cache, cache / "run", CPU, 2, shape, threads=1)


def test_a_run_that_was_stopped_goes_on_where_it_was(cache, ticking):
    first = begin(cache)
    asked = iter([False] * 5 + [True])
    list(first.run(Plan(60, 80), lambda: next(asked)))
    second = begin(cache)
    assert second.progress == first.progress
    assert (second.progress.seconds, second.progress.steps, second.progress.tokens) == (5, 5, 5 * 2 * 256)
    before, after = first.learner.tensors(), second.learner.tensors()
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    windows = torch.from_numpy(first._cutter.batch(2, 0.5))
    assert torch.equal(first.learner.step(windows, 1.0), second.learner.step(windows, 1.0))
    for name, weight in first.learner.network.state_dict().items():
        assert torch.equal(weight, second.learner.network.state_dict()[name]), name


def test_a_run_ends_with_its_plan_and_has_learned(cache, ticking):
    run = begin(cache)
    lines = list(run.run(Plan(30, 40), lambda: False))
    assert run.progress.seconds == 40 and run.progress.cool_down_from == 30
    assert (cache / "run" / BEFORE_COOL_DOWN).exists()
    logged = [json.loads(line) for line in (cache / "run" / "log.jsonl").read_text("utf-8").splitlines()]
    assert logged == lines
    assert lines[-1]["plain_loss"] < 5.5 < np.log(512)
    assert 0 < lines[-1]["gap_bits_per_character"] < 8


def test_the_rate_rises_stays_and_falls_in_the_last_quarter():
    plan = Plan.of(Progress(), 4_000)
    assert plan.rate(Progress(seconds=1, steps=9)) == pytest.approx(0.1)
    assert plan.rate(Progress(seconds=3_000, steps=9_999)) == 1
    assert plan.rate(Progress(seconds=3_500, steps=9_999)) == pytest.approx(0.52)
    assert plan.rate(Progress(seconds=4_000, steps=9_999)) == pytest.approx(0.02)


def test_a_cool_down_can_begin_at_once_and_goes_on_after_a_stop():
    now = Plan.cool_down_now(Progress(seconds=1_000, steps=9_999), 600)
    assert now.rate(Progress(seconds=1_300, steps=9_999)) == pytest.approx(0.52)
    begun = Progress(seconds=1_300, steps=9_999, cool_down_from=1_000, cool_down_until=1_600)
    assert Plan.of(begun, 4_000) == now


def test_pauses_do_not_count(monkeypatch):
    calculated, wall = iter([10.0, 10.5]), iter([0.0, 3_600.0])
    monkeypatch.setattr(pretrain.time, "process_time", lambda: next(calculated) * 2)
    assert pretrain.Clock(CPU).passed(threads=2) == pytest.approx(0.5)
    monkeypatch.setattr(pretrain.time, "monotonic", lambda: next(wall))
    assert pretrain.Clock(torch.device("cuda")).passed() == pretrain.LONGEST_STEP


def test_a_checkpoint_of_another_kind_is_refused_by_name(cache):
    (cache / "run").mkdir()
    (cache / "run" / FILE).write_bytes(b"no checkpoint")
    with pytest.raises(ValueError, match=FILE):
        load_checkpoint(cache / "run", CPU)


def test_what_is_exported_is_a_version_that_answers_and_that_a_training_starts_from(cache, ticking, tmp_path):
    run = begin(cache)
    list(run.run(Plan(10, 12), lambda: False))
    (cache / "manifest.json").write_text('{"packages": [{"languages": {"python": {}}}, {"languages": {}}]}')
    export(cache, cache / "run", tmp_path / "base")
    card, model, calibration = load_sequence(tmp_path / "base")
    assert card.is_sequence and card.dataset.startswith("1 packages")
    assert model.fills_gaps and len(model.tokenizer) == 512 and calibration.lines > 0
    assert search(model, TEXT[:60], SearchOptions(max_tokens=4)).hypotheses
    start = load_start(tmp_path / "base")
    network = run.learner.network.float()
    for name, weight in network.state_dict().items():
        np.testing.assert_allclose(start.network[name], weight.numpy(), atol=2e-3)
    tokens = model.tokenizer.encode(TEXT)[:100]
    with torch.no_grad():
        of_torch = network(torch.from_numpy(tokens)[None])[0].float().numpy()
    of_numpy = NetworkPass(start.network, heads=4, exact=True).read(tokens).hidden[0]
    assert np.corrcoef(of_numpy, of_torch[-1])[0, 1] > 0.999


def test_nothing_is_exported_before_something_was_trained(cache):
    with pytest.raises(ValueError, match="no checkpoint yet"):
        export(cache, cache / "run", cache / "base")
