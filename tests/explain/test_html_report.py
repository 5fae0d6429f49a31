"""The report holds what it is given, as text and nothing else."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.explain.html_report import Reported, ReportedOrigin, html_report
from tests.html_reader import read

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)>"
OURS = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "pre", "span", "table", "tr", "th", "td",
        "code", "div"}  # fmt: skip


def report(text: str) -> Reported:
    origins = [ReportedOrigin(text, text, text)]
    return Reported(text, text, 0.5, text, text, [(text, 0.5)], {text: 1.5}, True, origins, [(text, text)])


def test_everything_that_is_given_can_be_read() -> None:
    page = read(html_report(report("def f(x):\n    return x"), NOW))
    assert page.text.count("def f(x):") >= 10
    assert "2026-01-02 03:04" in page.text
    assert "1.50 ms" in page.text


def test_a_hostile_text_is_shown_and_never_run() -> None:
    page = html_report(report(HOSTILE), NOW)
    assert "<img" not in page
    assert HOSTILE in read(page).text
    assert "default-src 'none'" in page


@given(st.text())
def test_no_text_adds_an_element(text: str) -> None:
    assert read(html_report(report(text), NOW)).tags <= OURS
