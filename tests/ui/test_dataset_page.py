"""The Dataset page: bring in, look, add, change, delete, save, go back, take out."""

import json

from dlcodegen_core.data.pairs import Pair

SEED_FILE = json.dumps({"inputs": ["def a():", "def b():"], "targets": ["    pass", "    return 1"]}).encode()


def button(app, label):
    return next(button for button in app.button if button.label == label)


def panel(app, name):
    app.segmented_control[0].set_value(name).run()
    assert not app.exception
    return app


def test_a_dataset_file_becomes_a_dataset(stocked, open_page):
    app = open_page("dataset")
    app.file_uploader[0].upload("mine.json", SEED_FILE, "application/json").run()
    assert "2 pairs" in app.success[0].value
    button(app, "Add this dataset").click().run()
    assert not app.exception
    assert stocked.datasets.pairs("mine")[1] == Pair("def b():", "    return 1")


def test_a_bad_file_is_refused_with_its_name_and_nothing_is_added(stocked, open_page):
    app = open_page("dataset")
    app.file_uploader[0].upload("bad.json", b"[1, 2]", "application/json").run()
    assert "bad" in app.error[0].value and "list" in app.error[0].value
    assert len(stocked.datasets.infos()) == 2


def test_a_pair_is_added_and_saved_as_a_new_revision(stocked, open_page):
    app = panel(open_page("dataset"), "Add a pair")
    app.text_area[0].set_value("for x in y:\n    ")
    app.text_area[1].set_value("print(x)")
    button(app, "Add the pair").click().run()
    assert any("1 added" in element.value for element in app.markdown)
    button(app, "Save revision").click().run()
    assert not app.exception
    info = stocked.datasets.infos()[0]
    assert info.revision == 2
    assert stocked.datasets.pairs(info.name)[-1] == Pair("for x in y:\n    ", "print(x)")


def test_an_empty_target_is_refused_before_it_becomes_a_change(stocked, open_page):
    app = panel(open_page("dataset"), "Add a pair")
    app.text_area[0].set_value("for x in y:")
    button(app, "Add the pair").click().run()
    assert "target is empty" in app.error[0].value


def test_a_save_after_somebody_elses_is_refused_and_nothing_is_overwritten(stocked, open_page):
    from dlcodegen_core.data.store import Edits

    app = panel(open_page("dataset"), "Add a pair")
    name = stocked.datasets.infos()[0].name
    app.text_area[0].set_value("mine")
    app.text_area[1].set_value("mine")
    button(app, "Add the pair").click().run()
    stocked.datasets.save(name, 1, Edits(added=[Pair("theirs", "theirs")]))
    button(app, "Save revision").click().run()
    assert "somebody else" in app.error[0].value
    assert stocked.datasets.pairs(name)[-1] == Pair("theirs", "theirs")


def test_a_dataset_goes_to_the_trash_and_comes_back(stocked, open_page):
    app = panel(open_page("dataset"), "Download or delete")
    name = stocked.datasets.infos()[0].name
    button(app, "Move this dataset to the trash").click().run()
    assert [info.name for info in stocked.datasets.deleted()] == [name]
    button(app, "Bring back").click().run()
    assert not stocked.datasets.deleted()


def test_search_narrows_the_table(stocked, open_page):
    app = open_page("dataset")
    app.selectbox[0].select("Three-pair example").run()
    app.text_input[0].set_value("useState").run()
    table = next(frame.value for frame in app.dataframe if "Prompt" in frame.value.columns)
    assert list(table["#"]) == [1] or len(table) == 1
