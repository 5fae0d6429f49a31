"""The Dataset page in a real browser: bring code in, click what can be clicked, mend it."""

import zipfile

import pytest
from playwright.sync_api import expect

from dlcodegen_core import DLCodeGen, Settings
from dlcodegen_core.data.pairs import Pair
from tests.browser.conftest import settled, steady_box

HOSTILE = "<img src=x onerror=\"document.title='taken over'\">"
SOURCE = "import os\n\n\ndef at(n):\n    first = os.getpid()\n    second = first + n\n    return second\n"


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    for number in range(6):
        (folder / f"part{number}.py").write_text(SOURCE.replace("first", f"first_{number}"))
    (folder / "tool.go").write_text("package main\n\nfunc twice(n int) int {\n\treturn 2 * n\n}\n")
    (folder / "local.py").write_text("KEY = 1\nOTHER = 2\n")
    (folder / ".gitignore").write_text("local.py\n")
    return folder


def stored(workbench):
    return DLCodeGen(Settings(home=workbench.home, embedder="local")).datasets


def tick(page, row):
    """Tick a row of the table, counted from 1."""
    settled(page)
    box = steady_box(page, page.locator("[data-testid=stDataFrame] canvas").first)
    page.mouse.click(box["x"] + 16, box["y"] + 19 + 35 * row)


def click_middle(page, mark):
    """Click on a chart's mark, over which the chart has laid a sheet that hears of clicks."""
    box = steady_box(page, mark)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_a_folder_is_looked_into_and_imported(workbench, page, project):
    page.goto(f"{workbench.url}/dataset?panel=Bring+in+data")
    page.get_by_text("A folder on this machine", exact=True).click()
    folder = page.get_by_label("Folder or file")
    folder.fill(str(project))
    folder.press("Enter")
    page.wait_for_selector("text=Files to learn from")
    expect(page.locator("text=/Python 6, Go 1/")).to_have_count(1)
    page.get_by_text("What comes in, and what is left out (1)").click()
    page.get_by_label("Bring in all the same", exact=True).fill("local.py")
    page.get_by_role("button", name="Look again with these").click()
    page.wait_for_selector("text=/Python 7, Go 1/")
    page.get_by_role("button", name="function body", exact=True).click()
    settled(page)
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_selector("text=/shop was imported with/")
    pairs = stored(workbench).pairs("shop")
    assert {pair.source for pair in pairs} >= {"part0.py", "tool.go", "local.py"}
    assert {pair.kind for pair in pairs} == {"next line", "function body"}
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_files_are_uploaded_and_their_columns_chosen(workbench, page, project, tmp_path):
    table = tmp_path / "talk.csv"
    table.write_text("when,a,b\n2020,def f(x):,    return x\n2021,def g(x):,    return -x\n")
    page.goto(f"{workbench.url}/dataset?panel=Bring+in+data")
    page.wait_for_selector("input[type=file]", state="attached")
    page.locator("input[type=file]").set_input_files(str(table))
    page.wait_for_selector("text=Which column is what?")
    settled(page)
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_selector("text=/talk was imported with 2 pairs/")
    assert stored(workbench).pairs("talk") == [Pair("def f(x):", "    return x"), Pair("def g(x):", "    return -x")]
    archive = tmp_path / "code.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for file in project.iterdir():
            out.write(file, f"shop/{file.name}")
    page.get_by_role("button", name="Bring in data").last.click()
    settled(page)
    page.locator("input[type=file]").set_input_files(str(archive))
    page.wait_for_selector("text=/Python 6, Go 1/")
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_selector("text=/code was imported with/")
    assert {pair.source for pair in stored(workbench).pairs("code")} >= {"part0.py", "tool.go"}


def test_text_of_a_dataset_is_never_run_as_markup(workbench, page):
    store = stored(workbench)
    store.create("hostile", [Pair(HOSTILE, HOSTILE, HOSTILE, HOSTILE, 1, HOSTILE, HOSTILE), Pair("a", "b", "go")])
    page.goto(f"{workbench.url}/dataset?dataset=hostile")
    page.wait_for_selector("[data-testid=stDataFrame] canvas")
    tick(page, 1)
    page.wait_for_selector("text=/Pair 1/")
    settled(page)
    page.wait_for_selector("[data-testid=stCode]:has-text('<img src=x')")
    page.mouse.move(200, 540)  # over the histograms, whose labels are texts of the dataset
    for panel in ("Overview", "History"):
        page.get_by_text(panel, exact=True).first.click()
        settled(page)
    assert page.title() != "taken over"
    expect(page.locator("img[src=x]")).to_have_count(0)


def test_a_pair_is_changed_and_saved(workbench, page):
    page.goto(f"{workbench.url}/dataset?dataset=Three-pair+example")
    page.wait_for_selector("[data-testid=stDataFrame] canvas")
    tick(page, 1)
    page.get_by_text("Change this pair").click()
    page.get_by_label("Target", exact=True).fill("    pass")
    page.get_by_role("button", name="Keep this change").click()
    page.wait_for_selector("text=/1 changed/")
    page.get_by_role("button", name="Save revision").click()
    page.wait_for_selector("text=/saved as revision 2/")
    assert stored(workbench).pairs("Three-pair example")[0].target == "    pass"


def test_a_cell_is_edited_in_the_table_and_saved(workbench, page):
    page.goto(f"{workbench.url}/dataset?dataset=Three-pair+example")
    page.wait_for_selector("[data-testid=stDataFrame] canvas")
    settled(page)
    page.get_by_text("Edit cells", exact=True).click()
    page.wait_for_selector("text=/Double-click a cell/")
    settled(page)
    page.wait_for_timeout(1_000)  # until the table listens
    box = steady_box(page, page.locator("[data-testid=stDataFrame] canvas").first)
    page.mouse.dblclick(box["x"] + 0.75 * box["width"], box["y"] + 19 + 35)
    page.wait_for_selector("#portal textarea")
    page.keyboard.press("Control+A")
    page.keyboard.type("    return None", delay=20)
    page.wait_for_timeout(500)  # the table takes what was typed in its own time
    page.keyboard.press("Enter")
    page.wait_for_selector("text=/1 changed/")
    page.get_by_role("button", name="Save revision").click()
    page.wait_for_selector("text=/saved as revision 2/")
    assert stored(workbench).pairs("Three-pair example")[0].target == "    return None"


def test_a_click_on_a_bar_filters_the_table(workbench, page):
    page.goto(f"{workbench.url}/dataset?dataset=Three-pair+example")
    page.wait_for_selector(".js-plotly-plot .bars .point")
    settled(page)
    click_middle(page, page.locator(".js-plotly-plot").first.locator(".bars .point").first)
    page.wait_for_selector("text=/2 of 3 pairs match/")
    page.get_by_role("button", name="in javascript").click()
    page.wait_for_selector("text=/^3 pairs/")


def test_the_doctor_examines_and_a_secret_goes_to_the_trash(workbench, page):
    secret = "AKIA" + "Q3EGSXV5FLXIVN2K"  # made up; written in two parts
    sound = [Pair(f"def f{n}(a):\n    ", f"return a + {n}", "python", f"f{n}.py", 2) for n in range(12)]
    stored(workbench).create("mine", [*sound, Pair("key = ", f'"{secret}"', "python", "k.py", 1)])
    page.goto(f"{workbench.url}/dataset?dataset=mine&panel=Doctor")
    page.get_by_role("button", name="Examine", exact=True).click()
    page.wait_for_selector("text=/Not ready: 1 pair holds a secret/")
    page.get_by_role("button", name="To the trash: 1").first.click()
    page.wait_for_selector("text=/1 pair lies in the trash now/")
    assert len(stored(workbench).pairs("mine")) == 12
    page.get_by_role("button", name="Examine again").click()
    page.wait_for_selector("text=/Ready to train: 12 pairs/")


def test_a_map_is_drawn_and_a_point_shows_its_pair(workbench, page):
    pairs = [Pair(f"def f{n}(path):\n    with open(path) as file:\n        ", f"return {n}", "python", f"f{n}.py", 3)
             for n in range(30)]  # fmt: skip
    stored(workbench).create("mine", pairs)
    page.goto(f"{workbench.url}/dataset?dataset=mine&panel=Overview")
    page.get_by_role("button", name="Draw the map").click()
    page.wait_for_selector("text=/Only nearness means something/")
    settled(page)
    plot = page.locator(".js-plotly-plot").last
    plot.scroll_into_view_if_needed()
    click_middle(page, plot.locator(".scatterlayer .point").first)
    page.wait_for_selector("text=/f[0-9]+.py:3/")


def test_a_folder_is_sent_by_the_browser(workbench, page, project):
    page.goto(f"{workbench.url}/dataset?panel=Bring+in+data")
    page.get_by_text("A folder from elsewhere", exact=True).click()
    page.wait_for_selector("input[type=file][webkitdirectory]", state="attached")
    page.locator("input[webkitdirectory]").set_input_files(str(project))
    page.wait_for_selector("text=/Python 6, Go 1/")
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_selector("text=/was imported with/")
    (name,) = {info.name for info in stored(workbench).infos()} - {"Three-pair example", "Python standard library"}
    assert {pair.source for pair in stored(workbench).pairs(name)} >= {"part0.py", "tool.go"}
