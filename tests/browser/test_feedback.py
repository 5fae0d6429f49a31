"""A correction, from the first click to its forgetting, in a real browser."""

import pytest
from playwright.sync_api import expect

from dlcodegen_core.models import base_model
from tests.browser.conftest import settled, steady_box

PROMPT = "import math\n\n\ndef area(radius):\n    return "
CORRECTION = "math.pi * radius**2"


def complete(page):
    prompt = page.get_by_label("Prompt", exact=True)
    prompt.fill(PROMPT)
    prompt.press("Control+Enter")
    page.wait_for_selector("text=Where the time went")
    settled(page)


@pytest.mark.skipif(not base_model.is_there(), reason="no base model is shipped with this checkout")
def test_a_correction_answers_at_once_until_it_is_forgotten(workbench, page):
    page.goto(f"{workbench.url}/predict")
    complete(page)
    page.get_by_role("button", name="Edit", exact=True).focus()
    page.keyboard.press("Enter")  # reachable without a mouse
    correction = page.get_by_role("textbox", name="What should stand there")
    correction.fill(CORRECTION)
    place = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    correction.press("Control+Enter")
    page.wait_for_selector("text=/Learned: the same prompt gives your correction now/")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == place
    page.get_by_role("button", name="Ask again").click()
    page.wait_for_selector("text=/Taught, not computed/")
    expect(page.locator("pre .ghost")).to_have_text(CORRECTION)

    page.goto(f"{workbench.url}/models?panel=Feedback")
    page.wait_for_selector("text=/1 prompt is taught/")
    settled(page)
    table = page.locator("[data-testid=stDataFrame]").last
    table.scroll_into_view_if_needed()
    box = steady_box(page, table)
    page.mouse.click(box["x"] + 20, box["y"] + 52)  # the first row's box, drawn on a canvas
    page.get_by_role("button", name="Forget it").click()
    page.get_by_role("button", name="Forget it for good").click()
    page.wait_for_selector("text=/0 prompts are taught/")

    page.goto(f"{workbench.url}/predict")
    complete(page)
    expect(page.locator("text=/Taught, not computed/")).to_have_count(0)
    expect(page.locator("pre .ghost")).not_to_have_text(CORRECTION)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
