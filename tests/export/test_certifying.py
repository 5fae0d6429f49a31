"""Certificates of real files, and what they refuse."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest

from dlcodegen_core.errors import ModelError, StorageError
from dlcodegen_core.evaluation.line_metrics import Interval
from dlcodegen_core.export.certificate import Certificate
from dlcodegen_core.export.certifying import BATCHES, certify
from dlcodegen_core.export.held_out_inputs import of_files, of_the_spread
from dlcodegen_core.models.saved_model import load_card, load_start
from tests.export.small_versions import TEXTS


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def made(versions, told):
    """Both kinds of model, certified once."""
    tokenizer = load_start(versions / "v2").tokenizer
    inputs = {
        "v1": of_the_spread(versions / "v1", "there are no pairs here"),
        "v2": of_files(load_card(versions / "v2"), tokenizer, [], TEXTS),
    }
    return {
        version: certify(versions / version, given, lambda *progress: told.append(progress), timing_seconds=0.1)
        for version, given in inputs.items()
    }


@pytest.fixture(params=["v1", "v2"])
def certificate(request, made):
    return made[request.param].certificate


def test_both_files_are_checked_against_pytorch(made, certificate):
    assert certificate.holds
    certificate.demand()
    files = made[certificate.version]
    for content, checked in ((files.full, certificate.full), (files.int8, certificate.int8)):
        assert checked.size_bytes == len(content)
        assert checked.sha256 == hashlib.sha256(content).hexdigest()
    assert certificate.full.parity.relative_difference < 1e-4
    assert certificate.int8.parity.max_difference > certificate.full.parity.max_difference
    assert certificate.int8.size_bytes < certificate.full.size_bytes


def test_all_three_are_timed_for_one_row_and_for_many(certificate):
    assert tuple(timing.batch for timing in certificate.timings) == BATCHES
    for timing in certificate.timings:
        assert min(timing.pytorch_ms, timing.onnx_ms, timing.int8_ms) > 0


def test_it_says_on_what_libraries_and_processor_but_names_no_path(certificate, versions):
    assert set(certificate.libraries) == {"torch", "onnx", "onnxruntime", "numpy"}
    assert certificate.processor
    assert str(versions.parent) not in json.dumps(certificate.to_json())


def test_progress_is_told(made, told):
    assert [what for what, _done, _total in told[:4]] == [
        "building the graphs", "comparing them with PyTorch", "timing them", "writing",
    ]  # fmt: skip


def test_without_right_answers_there_is_no_accuracy(made):
    certificate = made["v1"].certificate
    assert certificate.full.accuracy is None and certificate.accuracy_cost is None
    assert "not known" in certificate.int8_verdict


def test_with_right_answers_the_8_bit_files_cost_is_told_with_its_interval(made):
    certificate = made["v2"].certificate
    assert certificate.held_out and "network alone" in certificate.contents
    cost, full, small = certificate.accuracy_cost, certificate.full.accuracy, certificate.int8.accuracy
    assert cost.low <= cost.mean <= cost.high
    assert cost.mean == pytest.approx(full.mean - small.mean)
    assert "95 % interval" in certificate.int8_verdict


def test_it_comes_back_from_its_file_as_it_was(certificate, tmp_path):
    certificate.save(tmp_path / "out.json")
    assert Certificate.load(tmp_path / "out.json") == certificate


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"full": 1}', b"\xff"])
def test_a_damaged_certificate_is_named(tmp_path, content):
    (tmp_path / "out.json").write_bytes(content)
    with pytest.raises(StorageError, match=r"out\.json"):
        Certificate.load(tmp_path / "out.json")


@pytest.mark.parametrize(
    "changes",
    [{"max_difference": 0.2}, {"max_difference": np.inf}, {"max_difference": np.nan}, {"agreement": 0.998}],
)
def test_a_file_that_answers_otherwise_is_refused_with_the_numbers(made, changes):
    good = made["v2"].certificate
    parity = dataclasses.replace(good.full.parity, **{"scale": 10.0, "max_difference": 0.0001, **changes})
    bad = dataclasses.replace(good, full=dataclasses.replace(good.full, parity=parity))
    assert not bad.holds
    with pytest.raises(ModelError, match="v2 was not exported") as raised:
        bad.demand()
    assert f"{parity.agreement:.2%}" in str(raised.value) and f"{parity.max_difference:.3g}" in str(raised.value)


def test_a_difference_that_nobody_can_read_is_rounded_up(made):
    good = made["v2"].certificate
    parity = dataclasses.replace(good.full.parity, max_difference=5.6e-8, scale=0.5)
    equal = dataclasses.replace(good, full=dataclasses.replace(good.full, parity=parity))
    assert "no logit differs by more than 0.0001, where the largest is 0.5" in equal.verdict


def test_a_cost_of_nothing_is_written_without_a_minus(made):
    certificate = dataclasses.replace(made["v2"].certificate, accuracy_cost=Interval(0.0, -0.004, 0.0))
    assert "difference of +0.0 points, 95 % interval +0.0 to +0.4" in certificate.int8_verdict
