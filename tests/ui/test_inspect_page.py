"""Inspect: one dataset and one version, a pair chosen in the address, and what can be done with it."""

import shutil

import pytest

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.demo import LIBRARY_NAME
from dlcodegen_core.data.store import Edits
from dlcodegen_core.errors import DatasetError, EditConflict
from pages._shared.edit_pair import save_edit
from tests.ui.conftest import _as_the_pages_see_it
from tests.ui.test_pages import words


@pytest.fixture
def changeable(trained_home, tmp_path, monkeypatch):
    """A workbench of one's own to change things in."""
    shutil.copytree(trained_home, tmp_path / "own")
    yield from _as_the_pages_see_it(tmp_path / "own", monkeypatch)


def ids(service: DLCodeGen, count: int = 3) -> list[int]:
    return [row.id for row in service.datasets.page(LIBRARY_NAME, 1, count).rows]


def press(app, label):
    next(button for button in app.button if button.label == label).click().run(timeout=60)
    assert not app.exception


def test_it_opens_on_the_newest_versions_own_dataset(trained, open_page):
    app = open_page("inspect")
    assert [box.value for box in app.selectbox] == [LIBRARY_NAME, "v1"]
    assert "Choose a pair" in words(app)
    assert len(app.dataframe[0].value) == 60
    assert any(button.label == "Draw the map" for button in app.button)


def test_without_a_model_the_data_can_be_looked_at_all_the_same(stocked, no_base, open_page):
    app = open_page("inspect", dataset="Three-pair example")
    assert app.query_params["dataset"] == "Three-pair example"
    assert len(app.dataframe[0].value) == 3


def test_a_pair_in_the_address_is_shown_in_full_and_marked_in_the_table(trained, open_page):
    first, second, third = ids(trained)
    app = open_page("inspect", pair=str(second), pinned=str(third))
    said = words(app)
    assert "**Pair**" in said and "**Pinned**" in said
    shown = trained.datasets.row(LIBRARY_NAME, second).pair
    assert any(block.value == shown.prompt for block in app.code)
    marks = app.dataframe[0].value[""].tolist()
    assert (marks.count("○"), marks.count("◇")) == (1, 1)
    assert marks[0] == "○"  # one that came with the address leads the table
    assert first != second


def test_pinning_and_unpinning_go_to_the_address(trained, open_page):
    first, *_rest = ids(trained)
    app = open_page("inspect", pair=str(first))
    press(app, "Pin to compare")
    assert app.query_params["pinned"] == str(first)
    press(app, "Unpin")
    assert "pinned" not in app.query_params


def test_what_the_version_predicts_and_whether_it_learned_it_are_told_on_demand(trained, open_page):
    first, *_rest = ids(trained)
    app = open_page("inspect", pair=str(first))
    assert "predicts there**" not in words(app)
    next(toggle for toggle in app.toggle if toggle.label.startswith("What v1")).set_value(True).run(timeout=60)
    assert not app.exception and not app.error
    said = words(app)
    assert "What v1 predicts there" in said and "confidence" in said
    assert "v1 learned from this pair" in said or "held out: v1 was measured on it" in said


def test_its_nearest_pairs_can_be_shown_in_its_place(changeable, open_page):
    changeable.workshop.build_index(LIBRARY_NAME)
    first, *_rest = ids(changeable)
    app = open_page("inspect", pair=str(first))
    next(toggle for toggle in app.toggle if toggle.label == "Pairs most like it").set_value(True).run(timeout=60)
    assert words(app).count(" alike ·") == 5
    press(app, "Show")
    assert app.query_params["pair"] != str(first)


def test_an_edit_gives_the_pair_a_new_row_at_its_old_place(changeable):
    row = changeable.datasets.page(LIBRARY_NAME, 1, 3).rows[1]
    info = changeable.datasets.info(LIBRARY_NAME)
    edited = save_edit(changeable, info, row, row.pair.prompt, "mended = True", "from a test")
    assert edited is not None and edited != row.id
    now = changeable.datasets.page(LIBRARY_NAME, 1, 3).rows[1]
    assert (now.id, now.pair.target, now.pair.source) == (edited, "mended = True", row.pair.source)
    assert changeable.datasets.revisions(LIBRARY_NAME)[0].note == "from a test"


def test_an_edit_of_what_somebody_else_changed_meanwhile_is_refused(changeable):
    first, second = changeable.datasets.page(LIBRARY_NAME, 1, 2).rows
    info = changeable.datasets.info(LIBRARY_NAME)
    changeable.datasets.save(LIBRARY_NAME, info.revision, Edits(deleted=[second.id]))
    with pytest.raises(EditConflict):
        save_edit(changeable, info, first, first.pair.prompt, "mine = True", "")
    assert changeable.datasets.row(LIBRARY_NAME, first.id).pair == first.pair


def test_an_edit_to_nothing_is_refused_in_a_sentence(changeable):
    first = changeable.datasets.page(LIBRARY_NAME, 1, 1).rows[0]
    with pytest.raises(DatasetError, match="target is empty"):
        save_edit(changeable, changeable.datasets.info(LIBRARY_NAME), first, first.pair.prompt, " ", "")


def test_the_dialog_opens_with_the_pairs_texts(trained, open_page):
    first, *_rest = ids(trained)
    app = open_page("inspect", pair=str(first))
    press(app, "Edit it")
    target = next(area for area in app.text_area if area.label.startswith("Target"))
    assert target.value == trained.datasets.row(LIBRARY_NAME, first).pair.target


def test_a_deleted_pair_lies_in_the_trash_and_leaves_the_page(changeable, open_page):
    first, *_rest = ids(changeable)
    app = open_page("inspect", pair=str(first))
    press(app, "Delete it")
    assert "pair" not in app.query_params
    assert changeable.datasets.row(LIBRARY_NAME, first) is None
    assert changeable.datasets.trash(LIBRARY_NAME).total == 1


@pytest.mark.parametrize("told", ["<b>1</b>", "-1", "999999", "9" * 40, "²"])
def test_an_address_that_names_no_pair_is_no_error(trained, open_page, told):
    app = open_page("inspect", pair=told, version="v99", dataset="no such")
    assert not app.exception and not app.error
