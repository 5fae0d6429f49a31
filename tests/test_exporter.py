"""Versions taken out as files, each checked on the best that there is."""

import json
import zipfile

import pytest
from safetensors.numpy import load_file

from dlcodegen_core import DLCodeGen, Settings
from dlcodegen_core.errors import ModelError, StorageError
from dlcodegen_core.export.certificate import Certificate
from dlcodegen_core.export.formats import FORMATS, certificate_file
from dlcodegen_core.exporter import Exporter
from dlcodegen_core.features.local_embedder import LocalEmbedder
from tests.export.small_versions import PAIRS, TEXTS, save_deepcodenet, save_sequence


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """v1 learned from pairs that are stored, v2 from files that are gone, v3 from pairs that are gone."""
    home = tmp_path_factory.mktemp("exporter")
    service = DLCodeGen(Settings(home=home, embedder="local"))
    service.datasets.create("words", PAIRS, origin="tests")
    versions = service.settings.versions_folder
    save_deepcodenet(versions / "v1", dataset_revision=1, embedder=LocalEmbedder().identity)
    save_sequence(versions / "v2", source_folder=str(home / "gone"))
    save_deepcodenet(versions / "v3", dataset_revision=1, dataset_fingerprint="other")
    yield service
    service.close()


@pytest.fixture
def exporter(service):
    """As the service has it, but it times the networks for a moment only."""
    return Exporter(
        service.versions,
        lambda: service.datasets,
        lambda: service.embedders,
        service.evaluator.source_of,
        timing_seconds=0.05,
    )


def _certificate(path):
    return Certificate.load(certificate_file(path))


def test_onnx_leaves_with_its_certificate_beside_it(exporter, tmp_path):
    heard = []
    path = exporter.export("v1", "onnx", tmp_path / "out.onnx", lambda *progress: heard.append(progress))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.onnx", "out.onnx.certificate.json"]
    certificate = _certificate(path)
    assert certificate.full.size_bytes == path.stat().st_size
    assert certificate.held_out and "held-out pairs of “words”, revision 1" in certificate.basis
    assert certificate.full.accuracy is not None
    assert heard[0][0] == "gathering what it is checked on"


def test_8_bits_leave_with_the_same_certificate(exporter, tmp_path):
    certificate = _certificate(exporter.export("v2", "onnx-int8", tmp_path / "small.onnx"))
    assert certificate.int8.size_bytes == (tmp_path / "small.onnx").stat().st_size
    assert not certificate.held_out and "the source stored in it" in certificate.basis


def test_a_dataset_that_has_changed_is_no_basis_and_it_says_so(exporter, tmp_path):
    certificate = _certificate(exporter.export("v3", "onnx", tmp_path / "out.onnx"))
    assert "random inputs" in certificate.basis and "is gone or has changed" in certificate.basis
    assert certificate.full.accuracy is None


def test_a_file_that_fails_its_check_is_not_written(exporter, tmp_path, monkeypatch):
    monkeypatch.setattr("dlcodegen_core.export.certificate.MOST_RELATIVE_DIFFERENCE", -1.0)
    with pytest.raises(ModelError, match="v1 was not exported"):
        exporter.export("v1", "onnx", tmp_path / "out.onnx")
    assert list(tmp_path.iterdir()) == []


def test_weights_leave_as_they_are(service, tmp_path):
    path = service.export("v1", "safetensors", tmp_path / "out.safetensors")
    assert load_file(path).keys() == load_file(service.versions.folder("v1") / "model.safetensors").keys()
    assert [file.name for file in tmp_path.iterdir()] == ["out.safetensors"]


def test_a_bundle_is_the_registry_s(exporter, tmp_path):
    path = exporter.export("v1", "bundle", tmp_path / "v1.zip")
    assert "model.safetensors" in zipfile.ZipFile(path).namelist()


def test_an_unknown_format_is_told_with_those_there_are(exporter, tmp_path):
    with pytest.raises(ModelError, match=f"Choose one of: {', '.join(FORMATS)}"):
        exporter.export("v1", "pickle", tmp_path / "out")


@pytest.mark.parametrize("file_format", list(FORMATS))
def test_a_folder_in_the_place_of_the_file_is_told(exporter, tmp_path, file_format):
    with pytest.raises(StorageError, match="is a folder"):
        exporter.export("v1", file_format, tmp_path)


def test_a_certificate_tells_nothing_of_a_person_s_folders(service, exporter, tmp_path):
    path = exporter.export("v2", "onnx", tmp_path / "out.onnx")
    told = certificate_file(path).read_text("utf-8")
    assert str(service.settings.home) not in told and "/" not in json.loads(told)["basis"]
    assert TEXTS[0][:40] not in told
