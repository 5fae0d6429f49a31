"""The Versions panel: all versions, what is known of one, which is production, the trash, and files in and out."""

import shutil

import pytest

from benchmarks.kills import save_small_version
from tests.ui.test_pages import words


@pytest.fixture
def versions(service):
    """Three small versions; the store of the pages."""
    for number in range(3):
        save_small_version(service.versions.root, number, name=f"number *{number}*")
    return service.versions


def button(app, label):
    return next(each for each in app.button if each.label == label)


def click(app, label):
    button(app, label).click().run(timeout=60)
    assert not app.exception, app.exception
    return app


def test_without_any_version_the_panel_says_what_one_is(service, no_base, open_page):
    assert "There is no version yet" in words(open_page("models", panel="Versions"))


def test_the_base_model_is_shown_and_cannot_be_deleted(service, base, open_page):
    app = open_page("models", panel="Versions")
    assert "the base model answers" in words(app)
    assert "Delete" not in [each.label for each in app.button]
    assert "Make production" in [each.label for each in app.button]


def test_all_versions_are_listed_newest_first(versions, no_base, open_page):
    app = open_page("models", panel="Versions")
    table = app.dataframe[0].value
    assert table["Version"].tolist() == ["v3", "v2", "v1"]
    assert table["Right"].tolist() == [25.0] * 3
    assert "v3 answers" in words(app)


def test_a_link_leads_to_a_version_and_its_model_card(versions, no_base, open_page):
    app = open_page("models", panel="Versions", version="v2")
    assert app.selectbox[0].value == "v2"
    said = words(app)
    assert r"## v2: number \*1\*" in said and "### Limits" in said


def test_a_version_is_made_production_and_rolled_back(versions, no_base, open_page):
    app = click(open_page("models", panel="Versions", version="v1"), "Make production")
    assert "v1 is production" in words(app)
    assert versions.resolve(None) == "v1"
    app.selectbox[0].set_value("v2").run()
    app = click(app, "Make production")
    app = click(app, "Roll back production to v1")
    assert versions.resolve(None) == "v1" and "Production was rolled back" in words(app)


def test_a_candidate_is_set_and_taken_away(versions, no_base, open_page):
    app = click(open_page("models", panel="Versions", version="v2"), "Set as candidate")
    assert versions.alias("candidate") == "v2"
    assert list(map(list, app.dataframe[-1].value["Alias"])) == [[], ["candidate"], []]
    click(app, "Take candidate away")
    assert versions.alias("candidate") is None


def test_a_deleted_version_can_be_brought_back_at_once(versions, no_base, open_page):
    app = click(open_page("models", panel="Versions", version="v2"), "Delete v2")
    assert [each.version for each in versions.trash()] == ["v2"]
    assert app.dataframe[0].value["Version"].tolist() == ["v3", "v1"]
    app = click(app, "Undo: bring v2 back")
    assert versions.trash() == [] and app.selectbox[0].value == "v2"


def test_the_trash_gives_back_and_removes_for_good(versions, no_base, open_page):
    versions.delete("v1")
    versions.delete("v2")
    app = click(open_page("models", panel="Versions"), "Bring back")
    assert [each.version for each in versions.trash()] == ["v1"]
    click(app, "Remove v1 for good")
    assert versions.trash() == []


def test_name_note_and_tags_are_edited(versions, no_base, open_page):
    app = open_page("models", panel="Versions", version="v1")
    app.text_input[0].set_value("parser")
    app.text_area[0].set_value("good at **parsing**")
    app.text_input[1].set_value("fast, small")
    app = click(app, "Save")
    assert versions.labels("v1").tags == ("fast", "small")
    assert r"good at \*\*parsing\*\*" in words(app)


def test_a_damaged_version_is_shown_with_its_problem(versions, no_base, open_page):
    (versions.root / "v2" / "model.json").write_text("{")
    app = open_page("models", panel="Versions", version="v2")
    assert "it is not JSON" in words(app)
    assert "Make production" not in [each.label for each in app.button]


def test_damaged_weights_become_no_production(versions, no_base, open_page):
    (versions.root / "v2" / "model.safetensors").write_bytes(b"x")
    app = click(open_page("models", panel="Versions", version="v2"), "Make production")
    assert "content is not what was saved" in words(app)
    assert versions.alias("production") is None


def test_production_that_was_damaged_is_told_in_red(versions, no_base, open_page):
    versions.promote("v1")
    shutil.rmtree(versions.root / "v1")
    app = open_page("models", panel="Versions")
    assert "Production is v1, which cannot be used" in app.error[0].value
    assert "v3 answers" in words(app)


def test_a_damaged_register_is_told_in_one_sentence(versions, no_base, open_page):
    (versions.root / "registry.json").write_text("{")
    app = open_page("models", panel="Versions")
    assert r"registry\.json cannot be read" in app.error[0].value


def test_a_version_is_packed_for_export(versions, no_base, open_page):
    app = click(open_page("models", panel="Versions", version="v1"), "Export")
    assert [each.label for each in app.get("download_button")] == ["Download v1.zip"]


def test_an_upload_becomes_a_version(versions, no_base, open_page, tmp_path):
    content = versions.bundle("v1")
    app = open_page("models", panel="Versions")
    app.file_uploader[0].set_value(("mine.zip", content, "application/zip")).run()
    app = click(app, "Import it")
    assert app.selectbox[0].value == "v4"
    assert versions.card("v4").origin == "mine.zip, where it was v1"


def test_an_upload_that_is_no_version_is_refused_with_a_sentence(versions, no_base, open_page):
    app = open_page("models", panel="Versions")
    app.file_uploader[0].set_value(("mine.zip", b"PK\3\4" + b"x" * 100, "application/zip")).run()
    app = click(app, "Import it")
    assert r"mine\.zip is damaged" in words(app)
    assert versions.latest() == "v3"


def test_predict_offers_production_first(versions, no_base, open_page):
    versions.promote("v2")
    assert next(box for box in open_page("predict").selectbox if box.label == "Model").options[0].startswith("v2")
