"""A person's way through the workbench, in a real browser."""

import json
import re
import time
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from dlcodegen_core.models import base_model
from tests.browser.conftest import settled


def start_long_training(page, url):
    page.goto(f"{url}/train?model=deepcodenet")
    page.get_by_text("Custom", exact=True).click()
    epochs = page.get_by_role("spinbutton", name="Epochs")
    epochs.fill("5000")
    epochs.press("Enter")
    settled(page)
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_selector("text=/Learning: epoch/")


def test_two_clicks_lead_from_nothing_to_a_prediction_on_real_code(workbench, page):
    page.goto(workbench.url)
    page.get_by_role("button", name="Try it on the Python standard library").click()
    page.wait_for_selector("text=/Saved as/", timeout=240_000)
    page.get_by_role("link", name="Try it").click()
    page.wait_for_selector("text=Where the time went")
    expect(page.locator("text=/v1, computed in/")).to_have_count(1)
    expect(page.locator("pre .ghost")).to_have_text(re.compile(r"\S"))
    prompt = page.get_by_label("Prompt", exact=True)
    prompt.fill("import os\nimport ")
    prompt.press("Control+Enter")
    page.wait_for_selector("pre:has-text('import os'):not(:has-text('tomllib'))")
    expect(page.locator("text=/v1, computed in/")).to_have_count(1)
    assert "[DL-Performance] Cache MISS, version v1" in (workbench.home.parent / "server.log").read_text()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_the_first_deep_link_after_a_start_gets_the_whole_frame(workbench, page):
    page.goto(f"{workbench.url}/predict?prompt=import")
    page.wait_for_selector("h1:has-text('Predict')")
    settled(page)
    expect(page).to_have_url(f"{workbench.url}/predict?prompt=import")
    for name in ("Home", "Dataset", "Train", "Predict", "Inspect", "Evaluate", "Performance"):
        expect(page.get_by_role("link", name=name, exact=True).first).to_be_attached()


def test_a_training_goes_on_while_the_page_is_reloaded_and_another_visitor_sees_it(workbench, browser, page):
    page.goto(workbench.url)
    page.wait_for_selector("text=Start here")
    start_long_training(page, workbench.url)
    page.reload()
    page.wait_for_selector("text=/Learning: epoch/")
    other = browser.new_page()
    other.goto(f"{workbench.url}/train")
    other.wait_for_selector("text=/Learning: epoch/", timeout=120_000)
    other.close()
    page.get_by_role("button", name="Stop and keep").click()
    page.wait_for_selector("text=/Stopped early/")
    expect(page.get_by_role("button", name="Resume")).to_have_count(1)


def test_a_training_of_a_killed_server_is_offered_for_resuming(workbench, page):
    page.goto(workbench.url)
    page.wait_for_selector("text=Start here")
    start_long_training(page, workbench.url)
    time.sleep(3)  # until a checkpoint was written
    workbench.kill()
    workbench.start()
    page.goto(f"{workbench.url}/train")
    page.get_by_role("button", name="Resume").click()
    page.wait_for_selector("text=/Learning: epoch/")
    page.get_by_role("button", name="Discard").click()
    page.wait_for_selector("text=/Discarded/")


@pytest.mark.parametrize("key", ["", "dataset", "train", "predict", "inspect", "evaluate", "performance"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_800_pixels_without_scrolling_sideways(shared_workbench, browser, key, scheme):
    page = browser.new_page(viewport={"width": 800, "height": 900}, color_scheme=scheme)
    page.goto(f"{shared_workbench.url}/{key}")
    page.wait_for_selector("h1")
    settled(page)
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 1
    page.close()


def test_no_page_asks_anything_of_another_machine(shared_workbench, page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for key in ("", "dataset", "train", "predict", "inspect", "evaluate", "performance"):
        page.goto(f"{shared_workbench.url}/{key}")
        page.wait_for_selector("h1")
        settled(page)
        page.wait_for_timeout(500)
    elsewhere = [url for url in asked if not url.startswith((shared_workbench.url, "data:", "blob:"))]
    assert elsewhere == []


def test_two_clicks_lead_to_a_prediction_of_the_base_model(shared_workbench, page):
    if not base_model.is_there():
        pytest.skip("no base model is shipped with this checkout")
    page.goto(shared_workbench.url)
    page.get_by_role("link", name="Complete code").click()
    page.get_by_role("button", name="Complete", exact=True).click()
    page.wait_for_selector("text=/base, computed in/")
    expect(page.locator("text=/The base model answers/")).to_have_count(1)


def test_the_same_process_answers_predictions_over_http(shared_workbench, page):
    body = json.dumps({"prompt": "import "}).encode()
    request = urllib.request.Request(
        f"{shared_workbench.url}/api/dl-codegen/predict", body, {"Content-Type": "application/json"}
    )
    if base_model.is_there():
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert json.load(answer)["version"] == "base"
        return
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    with refused.value:
        assert refused.value.code == 404
        assert re.search("no trained model", json.load(refused.value)["error"])


def test_a_report_of_a_prediction_is_downloaded_and_opens_alone(workbench, page, tmp_path):
    if not base_model.is_there():
        pytest.skip("no base model is shipped with this checkout")
    page.goto(f"{workbench.url}/predict?prompt=%3Cimg+src%3Dx%3E%0Aimport+")
    page.wait_for_selector("text=Why this?")
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Report as HTML").click()
    file = tmp_path / "report.html"
    download.value.save_as(file)
    page.goto(file.as_uri())
    expect(page.get_by_text("<img src=x>").first).to_be_attached()
    expect(page.locator("img")).to_have_count(0)
    expect(page.get_by_role("heading", name="Where the time went")).to_have_count(1)
