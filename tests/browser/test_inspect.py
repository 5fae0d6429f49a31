"""Inspect in a real browser: what is chosen on the map shows in the table and in full, and the other way round."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from dlcodegen_core import DLCodeGen, Settings
from dlcodegen_core.data.demo import LIBRARY_NAME, standard_library_pairs
from tests.browser.conftest import Workbench, settled, steady_box

POINTS = ".js-plotly-plot .scatterlayer .points path"


@pytest.fixture
def mapped(tmp_path, browser):
    """A workbench with a small dataset and its map."""
    service = DLCodeGen(Settings(home=tmp_path / "home", embedder="local"))
    service.datasets.create(LIBRARY_NAME, standard_library_pairs(40), origin="standard library")
    service.workshop.draw_map(LIBRARY_NAME)
    service.close()
    running = Workbench(tmp_path / "home").start()
    yield running
    running.stop()


def address(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_table_map_and_detail_show_the_same_pair_and_it_is_mended_in_place(mapped, page):
    page.goto(f"{mapped.url}/inspect?dataset={LIBRARY_NAME.replace(' ', '+')}")
    page.wait_for_selector(POINTS)
    settled(page)
    expect(page.locator(POINTS)).to_have_count(40)

    page.locator(POINTS).nth(7).click(force=True)
    page.get_by_role("button", name="Pin to compare").wait_for()
    settled(page)
    on_map = address(page)["pair"]
    expect(page.locator(POINTS), "the pair that is shown has a ring").to_have_count(41)

    page.get_by_role("button", name="Pin to compare").click()
    page.get_by_role("button", name="Unpin").wait_for()
    settled(page)
    table = steady_box(page, page.locator("[data-testid=stDataFrame] canvas").first)
    page.mouse.click(table["x"] + 15, table["y"] + 35 * 6 + 17)
    page.wait_for_url(lambda url: f"pair={on_map}&" not in url + "&")
    settled(page)
    in_table = address(page)
    assert in_table["pinned"] == on_map != in_table["pair"]
    expect(page.locator(POINTS)).to_have_count(42)

    page.get_by_role("button", name="Edit it").first.click()
    page.get_by_label("Target: what should come next").fill("mended = True")
    page.get_by_role("button", name="Save as a new revision").click()
    page.wait_for_selector("code:has-text('mended = True')")
    settled(page)
    assert address(page)["pair"] != in_table["pair"]
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
