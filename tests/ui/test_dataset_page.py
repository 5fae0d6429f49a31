"""The Dataset page: look, filter, add, change, delete, save, go back, examine, take out."""

from streamlit.testing.v1 import AppTest

from dlcodegen_core.data.doctor import Flag
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import Edits, PairFilter

PANEL = "dataset.panel"


def button(app, label):
    return next(button for button in app.button if button.label == label)


def open_panel(open_page, name, **query) -> AppTest:
    app = open_page("dataset", **query)
    app.session_state[PANEL] = name
    app.run()
    assert not app.exception
    return app


def table(app):
    return next(frame.value for frame in app.dataframe if "Prompt" in frame.value.columns)


def words(app):
    return " ".join(element.value for kind in (app.markdown, app.caption, app.subheader) for element in kind)


def test_a_pair_is_added_and_saved_as_a_new_revision(stocked, open_page):
    app = open_panel(open_page, "Add a pair")
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
    app = open_panel(open_page, "Add a pair")
    app.text_area[0].set_value("for x in y:")
    button(app, "Add the pair").click().run()
    assert "target is empty" in app.error[0].value


def test_a_save_after_somebody_elses_is_refused_and_nothing_is_overwritten(stocked, open_page):
    app = open_panel(open_page, "Add a pair")
    name = stocked.datasets.infos()[0].name
    app.text_area[0].set_value("mine")
    app.text_area[1].set_value("mine")
    button(app, "Add the pair").click().run()
    stocked.datasets.save(name, 1, Edits(added=[Pair("theirs", "theirs")]))
    button(app, "Save revision").click().run()
    assert "somebody else" in app.error[0].value
    assert stocked.datasets.pairs(name)[-1] == Pair("theirs", "theirs")


def test_a_dataset_goes_to_the_trash_and_comes_back(stocked, open_page):
    app = open_panel(open_page, "Download or delete")
    name = stocked.datasets.infos()[0].name
    button(app, "Move this dataset to the trash").click().run()
    assert [info.name for info in stocked.datasets.deleted()] == [name]
    button(app, "Bring back").click().run()
    assert not stocked.datasets.deleted()


def test_a_dataset_is_renamed_and_stays_the_one_that_is_shown(stocked, open_page):
    app = open_panel(open_page, "Download or delete", dataset="Three-pair example")
    next(field for field in app.text_input if field.label == "Name").set_value("three")
    button(app, "Rename").click().run()
    assert not app.exception
    assert app.selectbox[0].value == "three"
    assert "three" in {info.name for info in stocked.datasets.infos()}


def test_search_narrows_the_table_and_a_chip_takes_it_off(stocked, open_page):
    app = open_page("dataset", dataset="Three-pair example")
    app.text_input[0].set_value("useState").run()
    assert len(table(app)) == 1
    assert "1 of 3 pairs match" in words(app)
    button(app, r"with “useState”").click().run()
    assert len(table(app)) == 3


def test_filters_are_chosen_in_a_form_and_limit_what_is_deleted(stocked, open_page):
    app = open_page("dataset", dataset="Three-pair example")
    languages = next(field for field in app.multiselect if field.label == "Languages")
    languages.set_value(["javascript"])
    button(app, "Show these").click().run()
    assert list(table(app)["Language"]) == ["javascript", "javascript"]
    button(app, "Delete them").click().run()
    assert not app.exception
    assert [pair.language for pair in stocked.datasets.pairs("Three-pair example")] == ["python"]
    assert len(table(app)) == 1


def test_nothing_that_matches_is_said_and_can_be_undone(stocked, open_page):
    app = open_page("dataset", dataset="Three-pair example")
    app.text_input[0].set_value("no such thing").run()
    assert "Nothing matches" in words(app)
    button(app, "Show all").click().run()
    assert len(table(app)) == 3


def test_the_history_shows_what_changed_and_undoes_it(stocked, open_page):
    name = "Three-pair example"
    gone = stocked.datasets.pairs(name)[0]
    stocked.datasets.delete_matching(name, 1, PairFilter(languages=("python",)), "no Python")
    app = open_panel(open_page, "History", dataset=name)
    assert "0 added, 1 removed, 0 changed" in words(app)
    assert any(gone.target in code.value for code in app.code)
    button(app, "Undo the last save").click().run()
    assert stocked.datasets.info(name).revision == 3
    assert stocked.datasets.pairs(name)[0] == gone


def test_deleted_pairs_come_back_from_the_trash(stocked, open_page):
    name = "Three-pair example"
    stocked.datasets.delete_matching(name, 1, PairFilter(languages=("python",)))
    app = open_panel(open_page, "History", dataset=name)
    button(app, "Bring back all 1").click().run()
    assert not app.exception
    assert stocked.datasets.info(name).pair_count == 3


def test_the_doctors_report_is_shown_and_mends_with_one_click(stocked, open_page):
    name = "Three-pair example"
    first = stocked.datasets.page(name).rows[0].id
    report = {"verdict": "Not ready: 1 pair holds a secret.", "ready": False, "pairs": 3, "held_out": 0, "remarks": []}
    stocked.datasets.keep_checkup(name, 1, [Flag(first, "secret", "a key", True)], {**report, "findings": []})
    app = open_panel(open_page, "Doctor", dataset=name)
    assert "Not ready: 1 pair holds a secret" in words(app).replace("\\", "")
    button(app, "To the trash: 1").click().run()
    assert not app.exception
    assert stocked.datasets.info(name).pair_count == 2
    assert "counts are of what is left" in words(app)


def test_flagged_pairs_are_shown_in_the_table(stocked, open_page):
    name = "Three-pair example"
    first = stocked.datasets.page(name).rows[0].id
    report = {"verdict": "x", "ready": True, "pairs": 3, "held_out": 0, "remarks": [], "findings": []}
    stocked.datasets.keep_checkup(name, 1, [Flag(first, "email_address", "a@b.org", False)], report)
    app = open_panel(open_page, "Doctor", dataset=name)
    button(app, "Show them").click().run()
    assert not app.exception
    assert len(table(app)) == 1


def test_the_overview_tells_what_a_model_has_to_beat(stocked, open_page):
    app = open_panel(open_page, "Overview", dataset="Python standard library")
    told = {metric.label: metric.value for metric in app.metric}
    assert told["First tokens covered"].endswith("%")
    assert "Draw the map" in [button.label for button in app.button]


def test_a_folder_of_this_machine_is_offered_only_to_people_at_it(stocked, open_page, monkeypatch):
    import streamlit as st

    from pages._dataset import bring_in

    app = open_panel(open_page, "Bring in data")
    app.session_state["dataset.way"] = bring_in.FOLDER
    app.run()
    assert any(field.label == "Folder or file" for field in app.text_input)
    known = st.get_option
    monkeypatch.setattr(st, "get_option", lambda name: "0.0.0.0" if name == "server.address" else known(name))
    app.run()
    assert not any(field.label == "Folder or file" for field in app.text_input)
    assert "can be reached from other machines" in app.info[0].value
