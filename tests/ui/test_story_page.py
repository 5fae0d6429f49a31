"""The Story page shows a saved story from its file alone; stories are made of models that were really trained."""

import dataclasses
import math
import re
import time
from collections import Counter

import pytest

from dlcodegen_core import DLCodeGen, Settings
from dlcodegen_core.data.demo import LIBRARY_NAME
from dlcodegen_core.data.split import split_pairs
from dlcodegen_core.errors import StoryError
from dlcodegen_core.evaluation.version_report import PROMPT_CHARACTERS
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.models.vocabulary import samples_of
from dlcodegen_core.story import telling
from dlcodegen_core.story.making import StoryTools, make_story
from dlcodegen_core.story.story_file import from_bytes, to_bytes
from dlcodegen_core.tasks.kinds import STORY
from tests.story.story_samples import HOSTILE, story_saying
from tests.ui.test_pages import choose, words

PROMPTS = 12


def tools_of(service):
    return StoryTools(
        service.versions, service.predictor, service.datasets.pairs, service.evaluator.source_of,
        service.evaluator.report, service.workshop.nearest,
    )  # fmt: skip


def made_in(home, version="v1"):
    service = DLCodeGen(Settings(home=home, embedder="local"))
    try:
        return make_story(tools_of(service), version, prompts=PROMPTS)
    finally:
        service.close()


@pytest.fixture(scope="session")
def line_story(lines_home):
    return made_in(lines_home / "home")


@pytest.fixture(scope="session")
def token_story(trained_home):
    return made_in(trained_home)


@pytest.fixture(params=["line_story", "token_story"])
def story(request):
    return request.getfixturevalue(request.param)


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def test_the_lines_of_a_story_stand_where_it_says_and_were_not_learned(line_story, lines_home):
    service = DLCodeGen(Settings(home=lines_home / "home", embedder="local"))
    card = service.versions.card("v1")
    _training, held_out = service.evaluator.source_of(card).split(card.config.held_out, card.config.seed)
    service.close()
    texts = {file.path: file.text.split("\n") for file in held_out}
    assert line_story.figures.held_out and line_story.figures.prompts == PROMPTS
    for example in line_story.examples:
        assert texts[example.path][example.line - 1].strip() == example.truth


def test_both_answers_of_a_story_are_what_the_models_say(line_story, with_lines):
    for example in line_story.examples:
        source = with_lines.evaluator.source_of(with_lines.versions.card("v1"))
        text = next(file.text for file in source.files if file.path == example.path)
        lines = text.split("\n")
        above = "\n".join([*lines[: example.line - 1], ""])
        indentation = lines[example.line - 1][: -len(lines[example.line - 1].lstrip())]
        for version, told in (("v1", example.after), ("base", example.before)):
            if version == "base" and not line_story.untrained.startswith("the base model"):
                continue
            prompt = (above + indentation)[-PROMPT_CHARACTERS:]
            answer = with_lines.predictor.predict(PredictionRequest(prompt, max_tokens=48, stop=("\n",)), version)
            assert (answer.completion, answer.confidence) == (told.text, pytest.approx(told.confidence))


def test_the_origins_of_a_line_add_up_to_it(line_story):
    for example in line_story.examples:
        explained = example.explained
        assert "".join(origin.text for origin in explained.origins) == example.after.text
        assert "".join(token.text for token in explained.tokens) == example.after.text
        assert all(origin.places for origin in explained.origins if origin.source in ("counts", "prompt"))


def test_before_the_training_deepcodenet_says_the_most_frequent_token(token_story, trained):
    card = trained.versions.card("v1")
    pairs = trained.datasets.pairs(LIBRARY_NAME, card.dataset_revision)
    learned, held_out = split_pairs(pairs, card.config.held_out, card.config.seed)
    first = ["".join(s.token or "" for s in samples_of(pairs[n].prompt, pairs[n].target, n, 1)) for n in learned]
    counted = Counter(token for token in first if token.strip())
    assert {counted[example.before.text] for example in token_story.examples} == {max(counted.values())}
    assert token_story.figures.held_out == bool(held_out)
    truths = {(pairs[n].source, pairs[n].line) for n in held_out or learned}
    assert all((example.path, example.line) in truths for example in token_story.examples)


def test_the_pushes_of_the_groups_add_up_to_what_the_prompt_changed(token_story):
    for example in token_story.examples:
        explained = example.explained
        changed = math.log(explained.probability) - math.log(explained.baseline_probability)
        assert sum(group.push for group in explained.groups) == pytest.approx(changed, abs=0.01)
        assert explained.near_note or explained.near


def test_a_correction_is_measured_and_nothing_of_it_stays(story, stocked):
    before = [info.name for info in stocked.datasets.infos()]
    correction = story.correction
    assert correction is not None
    mistake = story.examples[correction.example]
    assert mistake.chosen == "mistake" and not mistake.after.right
    assert correction.after.right and correction.after.text == correction.given == mistake.truth
    assert correction.others == story.figures.prompts - 1
    assert [info.name for info in stocked.datasets.infos()] == before


def test_a_made_story_is_what_its_file_gives_back(story):
    assert from_bytes(to_bytes(story), "story.json") == story


def test_the_base_model_has_no_story(trained):
    with pytest.raises(StoryError, match="has learned nothing of yours"):
        make_story(tools_of(trained), "base")


def test_without_a_story_two_sentences_and_one_next_step(service, open_page):
    app = open_page("story")
    said = words(app)
    assert "in four steps" in said
    assert not [button for button in app.button if button.label == "Make its story"]
    assert [link.label for link in app.get("page_link")] == ["Train a model first"]


def test_a_story_is_told_on_a_machine_that_has_nothing_else(story, service, open_page):
    story_id = service.stories.add(story)
    app = open_page("story")
    for chapter in telling.CHAPTERS:
        said = words(app).replace("\\", "")
        assert chapter.question in said
        assert telling.headline(story, chapter.number) in said
        assert app.query_params.get("chapter", "1") == str(chapter.number)
        if chapter.number < 4:
            press(app, "Next")
    assert next(button for button in app.button if button.label == "Next").disabled
    assert f"?story={story_id}&chapter=4&example=1" in next(code.value for code in app.code if "?story" in code.value)
    assert service.versions.all() == []


@pytest.mark.parametrize("chapter", ["1", "2", "3"])
def test_every_example_opens_from_the_address(story, service, open_page, chapter):
    story_id = service.stories.add(story)
    for number, example in enumerate(story.examples, start=1):
        app = open_page("story", story=story_id, chapter=chapter, example=str(number))
        assert telling.where(example) in words(app).replace("\\", "")
        assert not app.error


@pytest.mark.parametrize("panel", ["This answer", "All prompts", "How it learned", "Against simpler systems"])
def test_every_figure_of_a_training_can_be_looked_at(line_story, service, open_page, panel):
    service.stories.add(line_story)
    app = open_page("story", chapter="2")
    choose(app, "Figures", panel)
    if panel == "Against simpler systems":
        assert "Most frequent line" in set(app.dataframe[0].value["System"])


@pytest.mark.parametrize("chapter", ["1", "2", "3", "4"])
@pytest.mark.parametrize("kind", ["sequence", "deepcodenet"])
def test_a_hostile_story_is_shown_as_text(service, open_page, chapter, kind):
    app = open_page("story", story=service.stories.add(story_saying(HOSTILE, kind)), chapter=chapter)
    assert HOSTILE in words(app).replace("\\", "") + "".join(code.value for code in app.code)
    shown = (*app.title, *app.subheader, *app.markdown, *app.caption, *app.info, *app.warning, *app.error)
    assert not [element.value for element in shown if re.search(r"(?<!\\)<img", str(element.value))]


@pytest.mark.parametrize("wanted", ["gone", "../versions/v1", "", HOSTILE, "a" * 500])
def test_a_link_to_what_is_not_here_is_told_in_words(service, open_page, wanted):
    service.stories.add(story_saying())
    app = open_page("story", story=wanted, chapter="3")
    assert bool(app.error) == bool(wanted)
    if wanted:
        assert "no such story here" in words(app)


@pytest.mark.parametrize("wrong", ["0", "9", "-1", "x", "١", "1e9"])
def test_a_place_that_is_not_there_is_the_first(service, open_page, wrong):
    service.stories.add(story_saying())
    app = open_page("story", chapter=wrong, example=wrong)
    assert telling.CHAPTERS[0].question in words(app)
    assert not app.error


def test_a_damaged_file_among_the_stories_is_named(service, open_page):
    service.stories.add(story_saying())
    (service.settings.home / "stories" / "bad.json").write_text("{")
    said = words(open_page("story"))
    assert "bad.json cannot be shown" in said.replace("\\", "")
    assert telling.CHAPTERS[0].question in said


def test_a_story_file_is_opened_by_uploading_it(service, open_page):
    app = open_page("story")
    app.file_uploader[0].set_value(("talk.json", to_bytes(story_saying()), "application/json")).run()
    assert not app.exception
    assert telling.CHAPTERS[0].question in words(app)
    assert service.stories.ids() == ["v1-20260102-030405"]


def test_a_file_that_is_no_story_is_refused_in_words(service, open_page):
    app = open_page("story")
    app.file_uploader[0].set_value(("talk.json", b'{"inputs": []}', "application/json")).run()
    assert not app.exception
    assert "talk.json cannot be shown: it is JSON, but no story" in words(app).replace("\\", "")
    assert service.stories.ids() == []


def test_another_story_can_be_chosen(service, open_page):
    first = service.stories.add(story_saying())
    story = dataclasses.replace(story_saying(), made_at="2026-01-03T00:00:00+00:00")
    other = service.stories.add(story)
    app = open_page("story", story=first, chapter="4")
    app.selectbox[0].set_value(other).run()
    assert not app.exception
    assert (app.query_params["story"], app.query_params["chapter"]) == (other, "1")


def test_a_removed_story_is_gone_and_undo_brings_it_back(service, open_page):
    kept = service.stories.add(dataclasses.replace(story_saying(), made_at="2026-01-03T00:00:00+00:00"))
    removed = service.stories.add(story_saying())
    app = open_page("story", story=removed, chapter="2")
    press(app, "Remove this story")
    assert service.stories.ids() == [kept]
    assert "Removed:" in words(app) and "story" not in app.query_params
    press(app, "Undo")
    assert set(service.stories.ids()) == {kept, removed}
    assert app.query_params["story"] == removed and "Removed:" not in words(app)


def test_the_last_story_can_be_removed(service, open_page):
    service.stories.add(story_saying())
    app = open_page("story")
    press(app, "Remove this story")
    assert service.stories.ids() == []
    assert "Train a model first" in words(app) or "A story shows in four steps" in words(app)


def test_a_story_is_made_from_the_page_while_it_can_be_left(trained, open_page):
    app = open_page("story")
    press(app, "Make its story")
    state = trained.tasks.latest(STORY)
    assert state.subject == "v1"
    for _ in range(600):
        if not trained.tasks.state(state.id).running:
            break
        time.sleep(0.1)
    app.run()
    assert not app.exception
    [story_id] = trained.stories.ids()
    assert app.query_params["story"] == story_id
    assert telling.headline(trained.stories.load(story_id), 1) in words(app).replace("\\", "")
    (trained.settings.home / "stories" / f"{story_id}.json").unlink()
