"""Every page opens in every state, and says what to do next where there is nothing to show."""

import pytest

from pages._shared import presets
from pages._shared.frame import PAGES

KEYS = [entry.key for entry in PAGES]


def words(app):
    """Everything a page says, as one text."""
    elements = (*app.title, *app.subheader, *app.markdown, *app.caption, *app.info, *app.warning, *app.error)
    return "\n".join(str(element.value) for element in (*elements, *app.success))


def choose(app, group, option):
    """Click an option of a row of choices, found by its label."""
    next(row for row in app.button_group if row.label == group).set_value(option).run()
    assert not app.exception


@pytest.mark.parametrize("key", KEYS)
def test_a_page_opens_on_an_empty_workbench(service, open_page, key):
    assert open_page(key).title


@pytest.mark.parametrize("key", ["home", "train", "predict"])
def test_no_page_speaks_of_a_base_model_where_none_is_shipped(stocked, no_base, open_page, key):
    app = open_page(key)
    assert app.title
    assert "base model" not in words(app)


@pytest.mark.parametrize("key", KEYS)
def test_a_page_opens_on_a_trained_workbench(trained, open_page, key):
    app = open_page(key)
    assert app.title
    assert not app.error


def test_home_offers_one_click_to_a_first_model(stocked, open_page):
    app = open_page("home")
    assert [button.label for button in app.button] == ["Try it on the Python standard library"]
    assert "completes whole lines, on 250 short pieces" in words(app)


def test_home_says_that_predicting_needs_a_model_where_there_is_no_base(stocked, no_base, open_page):
    assert "needs a trained model" in words(open_page("home"))


def test_home_says_that_the_base_model_answers_before_anything_is_trained(stocked, base, open_page):
    said = words(open_page("home"))
    assert "the base model answers" in said
    assert "It starts from the base model" in said


def test_home_click_starts_a_training_and_leads_to_it(stocked, open_page):
    app = open_page("home")
    app.button[0].click().run()
    assert not app.exception
    [job] = stocked.jobs.jobs()
    assert job.request.config == presets.LINES_QUICK.config
    assert job.request.config.model == "sequence"
    assert app.title[0].value == "Train"
    stocked.jobs.discard(job.id)


def test_predict_without_any_model_sends_to_training(stocked, no_base, open_page):
    app = open_page("predict")
    assert "no trained model yet" in words(app)
    assert not app.text_area


def test_the_base_model_answers_and_the_page_says_so(stocked, base, open_page):
    app = open_page("predict")
    assert "The base model answers" in words(app)
    assert app.checkbox[0].label == "End at the line's end" and app.checkbox[0].value
    next(button for button in app.button if button.label == "Complete").click().run(timeout=60)
    assert not app.exception
    assert "base, computed in" in words(app)


def test_the_base_model_is_the_last_choice_beside_trained_ones(trained, base, open_page):
    app = open_page("predict")
    model = next(box for box in app.selectbox if box.label == "Model")
    assert model.options == ["v1 for the tests", "base (none of your code)"]
    assert model.value == 0
    assert "The base model answers" not in words(app)
    model.select_index(1)
    next(button for button in app.button if button.label == "Complete").click().run(timeout=60)
    assert not app.exception
    assert "base, computed in" in words(app)


def test_a_damaged_base_model_is_named_and_trained_ones_still_answer(trained, tmp_path, monkeypatch, open_page):
    from dlcodegen_core.models import base_model

    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "model.json").write_text("{")
    monkeypatch.setattr(base_model, "FOLDER", tmp_path / "base")
    app = open_page("predict")
    assert "not JSON" in app.warning[0].value
    assert next(box for box in app.selectbox if box.label == "Model").options == ["v1 for the tests"]


def test_a_prompt_in_the_address_is_answered_at_once(trained, no_base, open_page):
    app = open_page("predict", prompt="import ")
    assert app.text_area(key="predict.prompt").value == "import "
    assert "v1, computed in" in words(app)


def test_without_a_prompt_in_the_address_nothing_is_asked(trained, open_page):
    assert "The completion will appear here" in words(open_page("predict"))


def test_predict_shows_a_completion_with_confidence_stages_and_vector(trained, open_page):
    app = open_page("predict")
    app.text_area(key="predict.prompt").set_value("def load(path):\n    ")
    next(button for button in app.button if button.label == "Complete").click().run(timeout=60)
    assert not app.exception
    assert "v1, computed in" in words(app)
    choose(app, "Explanation", "The prompt in numbers")
    said = words(app)
    assert "Embedding" in said and "Syntax statistics" in said
    alternatives = app.dataframe[0].value
    assert list(alternatives.columns) == ["Completion", "Confidence"]
    assert alternatives["Confidence"].is_monotonic_decreasing


def test_asking_again_is_answered_from_the_cache(trained, open_page):
    app = open_page("predict")
    for _ in range(2):
        next(button for button in app.button if button.label == "Complete").click().run(timeout=60)
    assert "from the cache" in words(app)


def test_an_empty_prompt_is_refused_in_plain_words(trained, open_page):
    app = open_page("predict")
    app.text_area(key="predict.prompt").set_value("   ")
    next(button for button in app.button if button.label == "Complete").click().run()
    assert "prompt is empty" in app.error[0].value


def test_performance_shows_the_stages_of_recent_requests(trained, open_page):
    trained.predict("import ")
    app = open_page("performance")
    stages = next(frame.value for frame in app.dataframe if "Stage" in frame.value.columns)
    assert {"embedding", "AST", "forward"} <= set(stages["Stage"])


def test_performance_clears_the_prediction_cache(trained, open_page):
    trained.predict("import ")
    app = open_page("performance")
    next(button for button in app.button if button.label == "Clear predictions").click().run()
    assert trained.get_cache_stats().size == 0


def test_train_lists_what_was_trained(trained, open_page):
    app = open_page("train")
    runs = next(frame.value for frame in app.dataframe if "Training" in frame.value.columns)
    assert list(runs["Status"]) == ["finished"]
    assert "Saved as **v1**" in words(app)


def test_train_starts_the_chosen_preset(stocked, open_page):
    app = open_page("train", model="deepcodenet")
    next(box for box in app.selectbox if box.label == "Dataset").select("Three-pair example").run()
    choose(app, "How thorough", "Seed configuration")
    next(button for button in app.button if button.label == "Train").click().run()
    job = stocked.jobs.jobs()[0]
    assert job.request.dataset == "Three-pair example"
    assert job.request.config == presets.SEED.config
    assert stocked.jobs.wait(job.id, 60)


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        ({}, "Complete whole lines"),
        ({"model": "sequence"}, "Complete whole lines"),
        ({"model": "deepcodenet"}, "Predict the next token"),
        ({"model": "<b>no such</b>"}, "Complete whole lines"),
    ],
)
def test_train_completes_whole_lines_unless_the_address_says_otherwise(stocked, open_page, query, chosen):
    app = open_page("train", **query)
    assert next(row for row in app.button_group if row.label == "What it should do").value == chosen


def test_what_it_should_do_stays_as_chosen_and_stands_in_the_address(stocked, open_page):
    app = open_page("train")
    choose(app, "What it should do", "Predict the next token")
    app.run()
    assert next(row for row in app.button_group if row.label == "What it should do").value == "Predict the next token"
    assert app.query_params["model"] == "deepcodenet"


def test_a_dataset_in_the_address_is_what_whole_lines_are_learned_from(stocked, open_page):
    app = open_page("train", dataset="Three-pair example")
    assert next(box for box in app.selectbox if box.label == "Dataset").value == "Three-pair example"


def number(app, label):
    return next(field for field in app.number_input if field.label == label)


def test_advanced_settings_of_whole_lines_reach_the_training(stocked, base, open_page):
    app = open_page("train", dataset="Three-pair example")
    choose(app, "How thorough", "Quick")
    assert number(app, "Seconds").value == 20
    assert all(field.label != "Tokens" for field in app.number_input)
    app.checkbox(key="train.from_scratch").check().run()
    assert "starts from nothing" in words(app)
    number(app, "Tokens").set_value(1024)
    number(app, "Seconds").set_value(7)
    number(app, "Held-out share").set_value(0.25)
    number(app, "Seed").set_value(3).run()
    assert "--from-scratch" in app.code[0].value
    next(button for button in app.button if button.label == "Train").click().run()
    [job] = stocked.jobs.jobs()
    config = job.request.config
    assert (config.model, config.from_scratch, config.vocabulary_size) == ("sequence", True, 1024)
    assert (config.seconds, config.held_out, config.seed) == (7.0, 0.25, 3)
    stocked.jobs.discard(job.id)


def test_from_scratch_is_no_choice_where_no_base_is_shipped(stocked, no_base, open_page):
    app = open_page("train", dataset="Three-pair example")
    assert not app.checkbox
    assert number(app, "Tokens").value == 4096
    assert "starts from nothing" in words(app)


def test_a_damaged_model_is_named_and_the_page_stays_usable(trained_home, tmp_path, monkeypatch, open_page):
    import shutil

    from dlcodegen_core import DLCodeGen, Settings

    home = tmp_path / "damaged"
    shutil.copytree(trained_home, home)
    (home / "versions" / "v1" / "model.json").write_text("{")
    service = DLCodeGen(Settings(home=home, embedder="local"))
    monkeypatch.setattr(DLCodeGen, "_instance", service)
    app = open_page("predict")
    assert "model" in app.warning[0].value and "not JSON" in app.warning[0].value.replace("\\", "")


@pytest.mark.parametrize("panel", ["Alternatives as a tree", "The prompt in numbers", "Compare"])
def test_every_explanation_of_the_base_models_answer_opens(stocked, base, open_page, panel):
    app = open_page("predict", prompt="import os\nimport ")
    assert "Why this?" in words(app)
    choose(app, "Explanation", panel)
    assert not app.error


def test_two_prompts_are_compared_side_by_side(stocked, base, open_page):
    app = open_page("predict", prompt="import os\nimport ")
    choose(app, "Explanation", "Compare")
    choose(app, "Compare with", "Another prompt")
    next(area for area in app.text_area if area.label == "The other prompt").set_value("import re\nimport ").run()
    assert not app.exception
    assert sum("base: confidence" in element.value for element in app.caption) == 2
    choose(app, "Compare with", "A model on Ollama")
    assert "No generating model was found" in words(app)


def test_a_threshold_keeps_an_unsure_answer_back(stocked, base, open_page):
    app = open_page("predict", prompt="import os\nimport ")
    app.slider[0].set_value(0.95)
    next(button for button in app.button if button.label == "Complete").click().run()
    assert not app.exception
    assert "Nothing worth offering" in words(app)


def test_what_pushed_deepcodenet_is_told_with_its_words(trained, open_page):
    app = open_page("predict", prompt="import os\nimport ")
    said = words(app)
    assert "for this prompt" in said
    assert "All 544 add up to the difference" in said
    assert any("Push" in frame.value.columns for frame in app.dataframe)
    next(button for button in app.button if button.label == "Find out").click().run(timeout=60)
    assert not app.exception
    assert "speaks for the token" in words(app)


def test_where_a_line_comes_from_is_told_with_files_and_lines(with_lines, open_page):
    app = open_page("predict", prompt="import os\nimport ")
    choose(app, "Explanation", "Where it comes from")
    table = next(frame.value for frame in app.dataframe if "Where" in frame.value.columns)
    assert "".join(table["Piece"]).strip()
    choose(app, "Explanation", "Step by step")
    assert "likeliest next tokens" in words(app)
    other = next(button for button in app.button if button.key.startswith("predict.steps.0.") and not button.disabled)
    other.click().run()
    assert not app.exception
    next(button for button in app.button if button.label == "Go on from here").click().run()
    assert not app.exception


def test_training_examples_like_a_prompt_are_shown_and_can_be_deleted(trained, open_page):
    app = open_page("predict", prompt="import os\nimport ")
    choose(app, "Explanation", "Training examples like it")
    assert "are not indexed yet" in words(app)
    trained.workshop.build_index("Python standard library")
    app.run()
    assert not app.exception
    assert words(app).count("alike") == 5
    before = trained.datasets.info("Python standard library")
    next(button for button in app.button if button.label == "Delete it").click().run()
    assert not app.exception
    after = trained.datasets.info("Python standard library")
    assert after.pair_count == before.pair_count - 1
    trained.datasets.restore("Python standard library", before.revision, after.revision)


def test_how_far_a_confidence_can_be_trusted_is_told_of_deepcodenet(trained, open_page):
    app = open_page("predict", prompt="import os\nimport ")
    assert "The confidence of v1 is not calibrated, since fewer than 10 samples were held out" in words(app)
