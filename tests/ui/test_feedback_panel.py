"""Accept, edit and reject under a completion, and the panel that shows what was said and forgets it."""

import shutil

import pytest

from dlcodegen_core.feedback import FEEDBACK_DATASET
from dlcodegen_core.feedback.records import ACCEPTED, EDITED, REJECTED, Feedback
from tests.ui.conftest import _as_the_pages_see_it as as_the_pages_see_it
from tests.ui.test_pages import choose, words

PROMPT = "def load(path):\n    "
CORRECTION = "return path.read_text()"


@pytest.fixture
def judged(trained_home, tmp_path, monkeypatch):
    """A workbench that can predict, of its own: what is taught here must answer no other test."""
    shutil.copytree(trained_home, tmp_path / "home")
    yield from as_the_pages_see_it(tmp_path / "home", monkeypatch)


def button(app, label):
    return next(one for one in app.button if one.label == label)


def complete(app, prompt=PROMPT):
    app.text_area(key="predict.prompt").set_value(prompt)
    button(app, "Complete").click().run(timeout=60)
    assert not app.exception
    return app


def press(app, label):
    button(app, label).click().run(timeout=60)
    assert not app.exception
    return app


def taught(service):
    return [(pair.prompt, pair.target) for pair in service.datasets.pairs(FEEDBACK_DATASET)]


def test_accepting_teaches_the_completion_and_can_be_undone(judged, open_page):
    app = press(complete(open_page("predict")), "Accept")
    assert "Learned: the same prompt gives this now" in words(app)
    [event] = judged.feedback.events()
    assert (event.outcome, event.prompt, event.version, event.source) == (ACCEPTED, PROMPT, "v1", "page")
    assert event.latency_ms > 0
    assert taught(judged) == [(PROMPT, event.completion)]
    press(app, "Undo")
    assert judged.feedback.events() == []
    assert button(app, "Accept")
    assert len(judged.feedback.memory) == 0


def test_a_correction_is_what_the_same_prompt_gives_when_it_is_asked_again(judged, open_page):
    app = press(complete(open_page("predict")), "Edit")
    completion = app.text_area(key="predict.correction").value
    app.text_area(key="predict.correction").set_value(CORRECTION)
    press(app, "Save the correction")
    assert "Learned: the same prompt gives your correction now" in words(app)
    [event] = judged.feedback.events()
    assert (event.outcome, event.completion, event.correction) == (EDITED, completion, CORRECTION)
    press(app, "Ask again")
    assert "Taught, not computed: this is what was taught for this prompt" in words(app)
    assert list(app.dataframe[0].value["Completion"])[:2] == [CORRECTION, completion or "(end)"]
    press(app, "Reject")
    assert "no longer taught" in words(app)
    press(app, "Ask again")
    assert "Taught, not computed" not in words(app)


def test_an_empty_correction_is_refused_in_plain_words_and_nothing_is_said(judged, open_page):
    app = press(complete(open_page("predict")), "Edit")
    app.text_area(key="predict.correction").set_value("  ")
    press(app, "Save the correction")
    assert "The correction is empty" in app.error[0].value
    press(app, "Cancel")
    assert not app.error
    assert judged.feedback.events() == []


def test_a_new_answer_begins_anew(judged, open_page):
    app = press(complete(open_page("predict")), "Reject")
    assert "It counts against v1" in words(app)
    complete(app, "import ")
    assert button(app, "Accept")
    assert "It counts against" not in words(app)


def test_the_panel_says_what_to_do_before_anything_was_said(judged, open_page):
    assert "Nothing was said about a completion yet" in words(open_page("models", panel="Feedback"))


def test_the_panel_counts_by_version_and_filters(judged, open_page):
    for feedback in (
        Feedback(ACCEPTED, "a = ", "1", "v1"),
        Feedback(EDITED, "b = ", "1", "v1", correction="2"),
        Feedback(REJECTED, "c = ", "1", "base"),
        Feedback(ACCEPTED, "b = ", "2", "v1", taught_by=1),
    ):
        judged.feedback.record(feedback)
    app = open_page("models", panel="Feedback")
    assert list(app.dataframe[0].value["Version"]) == ["v1", "base"]
    assert list(app.dataframe[0].value["Judged"]) == [2, 1]
    assert "1 judged, 1 of them accepted" in words(app)
    assert "2 prompts are taught" in words(app)
    assert list(app.dataframe[1].value["Outcome"]) == [ACCEPTED, REJECTED, EDITED, ACCEPTED]
    choose(app, "Outcome", REJECTED)
    assert list(app.dataframe[1].value["Version"]) == ["base"]
    app.selectbox(key="models.feedback.version").select("v1").run()
    assert "Nothing like this was said" in words(app)


def test_forgetting_says_what_goes_and_the_pair_can_be_opened(judged, open_page):
    for letter in "ab":
        judged.feedback.record(Feedback(EDITED, f"def {letter}(x):\n    return ", "1", "v1", correction="x + 1"))
    app = open_page("models", panel="Feedback")
    app.session_state["models.feedback.table.None.None.2"] = {"selection": {"rows": [0], "columns": []}}
    app.run()
    assert not app.exception
    said = words(app)
    assert "the texts of this entry, and its pair with 1 wording" in said
    assert "This is taught: the same prompt gives it" in said
    press(app, "Open its pair")
    assert app.title[0].value == "Dataset"
    assert app.text_input[0].value == "def b(x):"


def test_forgetting_takes_the_texts_and_leaves_the_counts(judged, open_page):
    event = judged.feedback.record(Feedback(EDITED, PROMPT, "1", "v1", correction=CORRECTION))
    app = open_page("models", panel="Feedback")
    app.session_state[f"models.feedback.table.None.None.{event.id}"] = {"selection": {"rows": [0], "columns": []}}
    app.run()
    press(app, "Forget it for good")
    assert judged.feedback.event(event.id).forgotten
    assert "0 prompts are taught" in words(app)
    assert list(app.dataframe[0].value["Judged"]) == [1]
    assert list(app.dataframe[1].value["Prompt"]) == ["(forgotten)"]
