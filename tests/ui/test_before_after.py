"""What a change of the data did to a prediction: edited, trained again, and the two beside each other."""

import shutil

import pytest

from dlcodegen_core.data.demo import LIBRARY_NAME
from pages._shared.edit_pair import save_edit
from tests.ui.conftest import _as_the_pages_see_it
from tests.ui.test_pages import choose, words


@pytest.fixture
def changeable(trained_home, tmp_path, monkeypatch):
    shutil.copytree(trained_home, tmp_path / "own")
    yield from _as_the_pages_see_it(tmp_path / "own", monkeypatch)


def press(app, label):
    next(button for button in app.button if button.label == label).click().run(timeout=60)
    assert not app.exception


def test_after_an_edit_and_a_training_the_prompt_is_completed_before_and_after(changeable, open_page):
    changeable.workshop.build_index(LIBRARY_NAME)
    app = open_page("predict", prompt="import os\nimport ")
    choose(app, "Explanation", "Training examples like it")
    assert "Before and after" not in words(app)
    row = changeable.datasets.page(LIBRARY_NAME, 1, 1).rows[0]
    save_edit(changeable, changeable.datasets.info(LIBRARY_NAME), row, row.pair.prompt, "mended = True", "")
    app.run(timeout=60)
    assert "has changed: 1 pair changed" in words(app).replace("\\", "")
    press(app, "Train again")
    assert "Training on the changed data" in words(app)
    [job, _first] = changeable.jobs.jobs()
    assert job.request.revision == 2
    assert changeable.jobs.wait(job.id, 100)
    app.run(timeout=60)
    said = words(app).replace("\\", "")
    assert "Before and after" in said
    assert "Before: v1, revision 1" in said and "After: v2, revision 2" in said
    table = next(frame.value for frame in app.dataframe if "Change" in frame.value.columns)
    assert len(table) == 4
    assert ((table["After"] - table["Before"]) - table["Change"]).abs().max() < 1e-9
