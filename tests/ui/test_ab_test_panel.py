"""The A/B test panel of the Models page, over versions that were really trained and answers that really count."""

import shutil

import pytest
from streamlit.testing.v1 import AppTest

from dlcodegen_core.experiments import ACCEPTED, REJECTED, Arm, ExperimentStore, Outcome
from dlcodegen_core.storage.database import open_database
from tests.ui.conftest import _as_the_pages_see_it
from tests.ui.test_pages import words


@pytest.fixture
def three_versions(trained_home, tmp_path, monkeypatch):
    """A workbench with v1, v2 and v3, all of them the same model."""
    shutil.copytree(trained_home, tmp_path / "home")
    for service in _as_the_pages_see_it(tmp_path / "home", monkeypatch):
        service.versions.export_bundle("v1", tmp_path / "v1.zip")
        for _copy in range(2):
            service.versions.import_bundle(tmp_path / "v1.zip")
        yield service


def panel(open_page) -> AppTest:
    app = open_page("models", panel="A/B test")
    assert not app.error, [error.value for error in app.error]
    return app


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def judge(service, test, counts):
    """counts: how many accepted and rejected answers of each arm."""
    for arm, version, accepted, rejected in counts:
        for place in range(accepted + rejected):
            result = ACCEPTED if place < accepted else REJECTED
            service.experiments.record(Outcome(f"{test}:{arm}", version, result, user=f"{arm}{place % 3}"))


def test_without_three_versions_it_says_what_it_takes(service, no_base, open_page):
    app = panel(open_page)
    assert "takes two versions, and there is none yet" in words(app)
    assert not [button for button in app.button if button.label == "Start the test"]


def test_the_plan_says_how_many_answers_it_takes(three_versions, open_page):
    app = panel(open_page)
    said = words(app)
    assert "To see 25 % become 32 %, half of such tests take up to **640 answers of each version**" in said
    next(slider for slider in app.slider if slider.key == "models.ab_test.after").set_value(26).run()
    assert "26 %" in words(app)
    next(slider for slider in app.slider if slider.key == "models.ab_test.after").set_value(25).run()
    assert "more than 100,000 answers" in words(app)


def test_a_test_is_started_as_it_was_planned(three_versions, open_page):
    app = panel(open_page)
    assert (app.selectbox(key="models.ab_test.first").value, app.selectbox(key="models.ab_test.second").value) == (
        "v3",
        "v2",
    )
    app.selectbox(key="models.ab_test.shadow").select("v1")
    app.radio(key="models.ab_test.measure").set_value("kept")
    app.slider(key="models.ab_test.share").set_value(20).run()
    assert " of v3 and " in words(app)
    press(app, "Start the test")
    running = three_versions.experiments.running()
    assert (running.arms, running.shadow, running.measure) == ((Arm("v3", 0.8), Arm("v2", 0.2)), "v1", "kept")
    said = words(app)
    assert "No answer was judged yet" in said
    assert "v3 against v2" in said


def test_figures_stand_side_by_side_with_what_is_still_needed(three_versions, open_page):
    test = three_versions.experiments.start("which?", (Arm("v1"), Arm("v2")), shadow="v3").id
    judge(three_versions, test, [("A", "v1", 30, 70), ("B", "v2", 38, 62)])
    app = panel(open_page)
    said = words(app).replace("\\", "")
    assert "Not enough evidence yet. v2 is ahead" in said and "more needed" in said
    assert "30 accepted, 0 edited, 70 rejected · 3 users" in said
    assert "it may be people that differ" in said
    assert "It has not answered yet" in said  # the shadow
    assert [metric.value for metric in app.metric if metric.label == "Accepted"] == ["30%", "38%"]
    assert not [button for button in app.button if button.label.startswith("Make ")]


def test_the_winner_is_made_production_with_one_click(three_versions, open_page):
    test = three_versions.experiments.start("which?", (Arm("v1"), Arm("v2"))).id
    judge(three_versions, test, [("A", "v1", 4, 36), ("B", "v2", 28, 12)])
    app = panel(open_page)
    assert "v2 is better than v1" in app.success[0].value
    press(app, "Make v2 production")
    assert three_versions.versions.alias("production") == "v2"
    assert three_versions.experiments.running() is None
    assert "v2 won and was made production" in words(app).replace("\\", "")
    assert "Earlier tests" in words(app)


def test_a_test_is_stopped_and_can_be_looked_at_again(three_versions, open_page):
    test = three_versions.experiments.start("<b>odd</b> *name*", (Arm("v1"), Arm("v2"))).id
    judge(three_versions, test, [("A", "v1", 5, 5), ("B", "v2", 5, 5)])
    app = panel(open_page)
    assert "<b>" not in words(app)
    press(app, "Stop it now")
    [over] = three_versions.experiments.history()
    assert over.ended_because == "It was stopped on the Models page."
    app.selectbox(key="models.ab_test.earlier").select_index(0).run()
    assert not app.exception
    assert [metric.value for metric in app.metric if metric.label == "Accepted"] == ["50%", "50%"]


def test_a_version_that_is_gone_ends_the_test_in_words(three_versions, open_page):
    three_versions.experiments.start("", (Arm("v1"), Arm("v2")))
    shutil.rmtree(three_versions.versions.folder("v2"))
    engine = open_database(three_versions.settings.database_url)
    assert ExperimentStore(engine, check=three_versions.versions.card).running() is None
    engine.dispose()
    app = panel(open_page)
    table = next(frame.value for frame in app.dataframe if "Why it ended" in frame.value.columns)
    assert "v2 could not be used any more" in table["Why it ended"][0]
