"""The Export panel of the Models page: from choosing a file to using it."""

import time

import pytest

from dlcodegen_core.export.certificate import Certificate
from dlcodegen_core.export.formats import FORMATS
from dlcodegen_core.tasks.kinds import EXPORT
from tests.ui.test_pages import choose, words

LONGEST_SECONDS = 90


def press(app, label):
    next(button for button in app.button if button.label == label).click().run(timeout=60)
    assert not app.exception, app.exception


def wait_for_export(service):
    end = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < end:
        task = service.tasks.latest(EXPORT)
        if not task.running:
            return task
        time.sleep(0.05)
    raise AssertionError("the export goes on and on")


def test_without_any_model_it_sends_to_training(service, no_base, open_page):
    assert "no model to take out yet" in words(open_page("models", panel="Export"))


def test_the_version_in_the_address_is_chosen_and_all_files_are_offered(trained, open_page):
    app = open_page("models", panel="Export", version="v1")
    assert next(box for box in app.selectbox if box.label == "Model").value == "v1"
    files = next(row for row in app.button_group if row.label == "File")
    assert list(files.options) == [each.title for each in FORMATS.values()]
    assert "network alone" not in words(app)


def test_a_version_of_the_address_that_is_not_there_does_no_harm(trained, open_page):
    app = open_page("models", panel="Export", version="<b>v9</b>")
    assert next(box for box in app.selectbox if box.label == "Model").value == "v1"


def test_onnx_is_checked_and_then_offered_with_its_certificate_and_a_use_for_it(trained, open_page):
    app = open_page("models", panel="Export", version="v1")
    press(app, "Check and export")
    task = wait_for_export(trained)
    assert not task.error
    app.run()
    assert not app.exception
    certificate = Certificate.load(trained.tasks.folder(task.id).path / "export.onnx.certificate.json")
    assert "answers as PyTorch does" in words(app).replace("\\", "")
    assert certificate.basis in words(app).replace("\\", "")
    table = app.dataframe[0].value
    assert list(table["File"]) == ["ONNX", "ONNX, 8 bits", "PyTorch"]
    assert table["Difference"][0] == certificate.full.parity.max_difference
    assert 'InferenceSession("v1.onnx")' in app.code[0].value
    assert "--version v1 --format onnx --out v1.onnx" in app.code[1].value
    press(app, "Once more")
    assert any(button.label == "Check and export" for button in app.button)


def test_weights_need_no_check(trained, open_page):
    app = open_page("models", panel="Export", version="v1")
    choose(app, "File", "safetensors")
    press(app, "Export")
    wait_for_export(trained)
    app.run()
    assert not app.dataframe
    assert 'load_file("v1.safetensors")' in app.code[0].value


def test_an_error_is_told_in_its_own_words_and_it_can_be_tried_again(trained, tmp_path, monkeypatch, open_page):
    app = open_page("models", panel="Export", version="v1")
    card = trained.versions.card("v1")
    task = trained.tasks.start(EXPORT, f"v1 {card.created_at} onnx", {"version": "v99", "format": "onnx"})
    wait_for_export(trained)
    app.run()
    assert "no model version 'v99'" in app.error[0].value.replace("\\", "")
    assert any(button.label == "Check and export" for button in app.button)
    trained.tasks.forget(task)


@pytest.mark.parametrize("title", ["ONNX", "ONNX, 8 bits"])
def test_of_a_sequence_model_it_says_what_stays_behind(stocked, base, open_page, title):
    app = open_page("models", panel="Export", version="base")
    choose(app, "File", title)
    assert "network alone" in words(app)
    choose(app, "File", "Whole version")
    assert "network alone" not in words(app)
