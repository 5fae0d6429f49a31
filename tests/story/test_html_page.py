"""The HTML file tells all four chapters, as text and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.story.html_page import html_story
from dlcodegen_core.story.telling import CHAPTERS
from tests.html_reader import read
from tests.story.story_samples import HOSTILE, story_saying

OURS = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "pre", "span", "table", "tr", "th",
        "td", "code", "strong", "svg", "line", "polyline", "text"}  # fmt: skip


@pytest.mark.parametrize("kind", ["sequence", "deepcodenet"])
def test_every_chapter_and_figure_can_be_read(kind: str) -> None:
    told = read(html_story(story_saying("def f(x): return x", kind))).text
    for chapter in CHAPTERS:
        assert f"{chapter.number}. {chapter.name}: {chapter.question}" in told
    assert "10 of 40" in told
    assert "12.50 ms" in told
    assert "38 of 39 other answers stayed as they were" in told
    assert "60 characters of this stand word for word" in told


@pytest.mark.parametrize("kind", ["sequence", "deepcodenet"])
def test_a_hostile_text_is_shown_and_never_run(kind: str) -> None:
    page = html_story(story_saying(HOSTILE, kind))
    assert "<img" not in page
    assert HOSTILE in read(page).text
    assert "default-src 'none'" in page


@given(st.text(), st.sampled_from(["sequence", "deepcodenet"]))
def test_no_text_adds_an_element(text: str, kind: str) -> None:
    assert read(html_story(story_saying(text, kind))).tags <= OURS
