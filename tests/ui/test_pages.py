"""Every page opens in every state, and says what to do next where there is nothing to show."""

import pytest

from pages._shared.frame import PAGES

KEYS = [entry.key for entry in PAGES]


def words(app):
    """Everything a page says, as one text."""
    elements = (*app.title, *app.subheader, *app.markdown, *app.caption, *app.info, *app.warning, *app.error)
    return "\n".join(str(element.value) for element in (*elements, *app.success))


@pytest.mark.parametrize("key", KEYS)
def test_a_page_opens_on_an_empty_workbench(service, open_page, key):
    assert open_page(key).title


@pytest.mark.parametrize("key", KEYS)
def test_a_page_opens_on_a_trained_workbench(trained, open_page, key):
    app = open_page(key)
    assert app.title
    assert not app.error


def test_home_offers_one_click_to_a_first_model(stocked, open_page):
    app = open_page("home")
    assert [button.label for button in app.button] == ["Try it on the Python standard library"]


def test_home_click_starts_a_training_and_leads_to_it(stocked, open_page):
    app = open_page("home")
    app.button[0].click().run()
    assert not app.exception
    assert len(stocked.jobs.jobs()) == 1
    assert app.title[0].value == "Train"
    stocked.jobs.discard(stocked.jobs.jobs()[0].id)


def test_predict_without_a_model_sends_to_training(stocked, open_page):
    assert "no trained model yet" in words(open_page("predict"))


def test_predict_shows_a_completion_with_confidence_stages_and_vector(trained, open_page):
    app = open_page("predict")
    app.text_area(key="predict.prompt").set_value("def load(path):\n    ")
    next(button for button in app.button if button.label == "Complete").click().run(timeout=60)
    assert not app.exception
    said = words(app)
    assert "v1, computed in" in said
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
    app = open_page("train")
    app.selectbox[0].select("Three-pair example").run()
    next(button for button in app.button if button.label == "Train").click().run()
    job = stocked.jobs.jobs()[0]
    assert job.request.dataset == "Three-pair example"
    assert stocked.jobs.wait(job.id, 60)


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
