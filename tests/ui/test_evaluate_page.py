"""The Evaluate page, and training whole lines from the Train page, over a model that was really trained."""

import pytest
import streamlit as st

from tests.ui.test_pages import choose, words


def test_without_a_model_of_lines_it_says_how_to_get_one(trained, open_page):
    said = words(open_page("evaluate"))
    assert "Train one: “Complete whole lines” on the Train page" in said
    assert "Scoreboard" not in said


def test_a_training_of_lines_is_told_by_the_clock_and_shows_its_lines(with_lines, open_page):
    app = open_page("train")
    said = words(app)
    assert "Saved as **v1**" in said
    assert "What it would say by now" in said
    assert "of the network alone" in said
    took = next(metric for metric in app.metric if metric.label == "Took")
    for phase in ("Reading the code", "Counting what follows what", "Learning whom to trust when"):
        assert f"**{phase}**" in took.help


def test_the_scoreboard_names_every_system_with_its_interval(with_lines, open_page):
    app = open_page("evaluate")
    board = next(frame.value for frame in app.dataframe if "System" in frame.value.columns)
    assert {"v1 (this model)", "N-grams", "Nearest neighbour (BM25)", "Most frequent line"} <= set(board["System"])
    assert board["95 % interval"].str.match(r"\[\d+, \d+\]").all()


def test_a_banner_tells_whether_a_baseline_wins(with_lines, open_page):
    report = with_lines.evaluator.report("v1")
    app = open_page("evaluate")
    loses = bool(report.scoreboard.beaten_by(report.system))
    told = [box.value for box in (app.error if loses else app.success)]
    assert any("simpler system" in text if loses else "Better than every baseline" in text for text in told)


@pytest.mark.parametrize("kind", ["Best", "Worst"])
def test_lines_can_be_looked_at(with_lines, open_page, kind):
    board = with_lines.evaluator.report("v1").scoreboard
    shown = {"Best": board.best, "Worst": board.worst}[kind]("v1 (this model)", 4)
    app = open_page("evaluate")
    choose(app, "Which", kind)
    said = words(app).replace("\\", "")
    assert all(f"{sample.question.path}, line {sample.question.line}" in said for sample in shown)


def test_a_damaged_report_is_named_and_can_be_made_again(with_lines, lines_home, open_page):
    file = with_lines.evaluator.report_file("v1")
    content = file.read_bytes()
    file.write_bytes(b"{")
    try:
        assert "cannot be read" in words(open_page("evaluate"))
    finally:
        file.write_bytes(content)


def test_predict_completes_a_line_and_says_that_the_numbers_do_not_help(with_lines, open_page):
    app = open_page("predict")
    next(button for button in app.button if button.label == "Complete").click().run()
    assert not app.exception
    choose(app, "Explanation", "The prompt in numbers")
    assert "The prompt in 544 numbers" in words(app)


@pytest.fixture
def bound_to_this_machine(monkeypatch):
    """AppTest reads no config.toml, which binds the real server to loopback."""
    real = st.get_option
    monkeypatch.setattr(st, "get_option", lambda name: "127.0.0.1" if name == "server.address" else real(name))


def test_folders_are_not_offered_where_others_can_reach_the_server(with_lines, open_page, monkeypatch):
    real = st.get_option
    monkeypatch.setattr(st, "get_option", lambda name: "0.0.0.0" if name == "server.address" else real(name))
    app = open_page("train")
    app.query_params["model"] = "sequence"
    app.run()
    assert "bound to this machine alone" in words(app)
    assert all(field.label != "Folder on this machine" for field in app.text_input)


def test_train_tells_what_a_folder_holds_before_it_starts(with_lines, lines_home, open_page, bound_to_this_machine):
    app = open_page("train")
    app.query_params["model"] = "sequence"
    app.run()
    next(field for field in app.text_input if field.label == "Folder on this machine").set_value(
        str(lines_home / "project")
    ).run()
    assert not app.exception
    assert "source files" in words(app) and "Python" in words(app)


def test_train_names_a_folder_that_is_not_there(with_lines, open_page, bound_to_this_machine):
    app = open_page("train")
    app.query_params["model"] = "sequence"
    app.run()
    next(field for field in app.text_input if field.label == "Folder on this machine").set_value("/no/such").run()
    assert "no such folder" in words(app)
