"""A link into a story, in a real browser: it opens exactly there, reads with the keyboard and runs nothing."""

from dlcodegen_core.story.store import StoryStore
from dlcodegen_core.story.telling import CHAPTERS
from tests.browser.conftest import settled
from tests.story.story_samples import HOSTILE, story_saying


def test_a_link_opens_its_place_as_the_first_request_and_arrow_keys_go_on(workbench, page):
    story_id = StoryStore(workbench.home / "stories").add(story_saying(HOSTILE))
    page.goto(f"{workbench.url}/story?story={story_id}&chapter=3&example=1")
    page.wait_for_selector(f"text={CHAPTERS[2].question}")
    settled(page)
    assert page.url.endswith(f"/story?story={story_id}&chapter=3&example=1")
    assert HOSTILE in page.locator("pre").first.inner_text()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f"text={CHAPTERS[3].question}")
    assert "chapter=4" in page.url
    assert page.locator("pre .ghost").first.inner_text() == HOSTILE
    page.get_by_role("button", name="Back").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"text={CHAPTERS[2].question}")
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("[data-testid=stException]").count() == 0
