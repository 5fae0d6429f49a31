"""A link into a story, in a real browser: it opens exactly there, reads with the keyboard and runs nothing."""

import re

from playwright.sync_api import expect

from dlcodegen_core.story.store import StoryStore
from dlcodegen_core.story.telling import CHAPTERS
from tests.browser.conftest import settled
from tests.story.story_samples import HOSTILE, story_saying


def test_a_link_opens_its_place_as_the_first_request_and_arrow_keys_go_on(workbench, page):
    story_id = StoryStore(workbench.home / "stories").add(story_saying(HOSTILE))
    page.goto(f"{workbench.url}/story?story={story_id}&chapter=3&example=1")
    page.wait_for_selector(f"text={CHAPTERS[2].question}")
    settled(page)
    expect(page).to_have_url(f"{workbench.url}/story?story={story_id}&chapter=3&example=1")
    expect(page.locator("pre", has_text=HOSTILE).first).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f"text={CHAPTERS[3].question}")
    expect(page).to_have_url(re.compile("chapter=4"))
    expect(page.locator("pre .ghost").first).to_have_text(HOSTILE)
    page.get_by_role("button", name="Back").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"text={CHAPTERS[2].question}")
    settled(page)
    expect(page.locator("img[src=x]")).to_have_count(0)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
