"""Where people must sign in, nobody else sees a page; whatever is unclear keeps them out."""

import pytest

from dlcodegen_core.config import ServingSettings
from pages._shared import sign_in
from pages._shared.frame import PAGES
from pages._shared.sign_in import Verdict, Visitor, judge
from tests.ui.conftest import ROOT
from tests.ui.test_pages import words

ANN = Visitor(is_known=True, is_signed_in=True, email="Ann@example.org", email_is_verified=True)


def asks(*emails):
    return ServingSettings(sign_in=True, sign_in_emails=emails)


@pytest.mark.parametrize(
    ("settings", "visitor", "verdict"),
    [
        (ServingSettings(), Visitor(is_known=False), Verdict.COME_IN),
        (asks(), Visitor(is_known=False), Verdict.NOT_SET_UP),
        (asks(), Visitor(is_known=False, is_signed_in=True), Verdict.NOT_SET_UP),
        (asks(), Visitor(is_known=True), Verdict.SIGN_IN),
        (asks("ann@example.org"), Visitor(True, False, "ann@example.org", True), Verdict.SIGN_IN),
        (asks(), ANN, Verdict.COME_IN),
        (asks("ann@example.org"), ANN, Verdict.COME_IN),
        (asks("bob@example.org"), ANN, Verdict.NOT_INVITED),
        (asks("ann@example.org"), Visitor(True, True, "ann@example.org", False), Verdict.NOT_INVITED),
        (asks("ann@example.org"), Visitor(True, True, "", True), Verdict.NOT_INVITED),
    ],
)
def test_who_may_come_in(settings, visitor, verdict):
    assert judge(settings, visitor) is verdict


@pytest.fixture
def asking(monkeypatch):
    """A workbench that has people sign in."""
    monkeypatch.setenv("DLCODEGEN_SIGN_IN", "1")
    monkeypatch.setenv("DLCODEGEN_SIGN_IN_EMAILS", "ann@example.org")


@pytest.mark.parametrize("key", [entry.key for entry in PAGES])
@pytest.mark.usefixtures("asking", "service")
def test_without_a_provider_no_page_shows_anything(open_page, key):
    app = open_page(key)
    assert [title.value for title in app.title] == ["Sign in"]
    assert "has no provider to ask" in app.error[0].value
    assert not app.button


@pytest.mark.usefixtures("asking", "service")
def test_a_page_that_is_opened_past_the_main_script_asks_as_well():
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(ROOT / "pages" / "performance.py"), default_timeout=60)
    app.session_state["frame.navigation_was_built"] = True
    app.run()
    assert [title.value for title in app.title] == ["Sign in"]


@pytest.mark.usefixtures("asking", "service")
def test_a_visitor_is_asked_turned_away_or_let_in(open_page, monkeypatch):
    seen = {}
    monkeypatch.setattr(sign_in, "visitor", lambda: seen["visitor"])
    seen["visitor"] = Visitor(is_known=True)
    app = open_page("performance")
    assert [button.label for button in app.button] == ["Sign in"]
    seen["visitor"] = Visitor(True, True, "bob@example.org", True)
    app.run()
    assert "not on the list" in app.warning[0].value
    assert [button.label for button in app.button] == ["Sign out"]
    seen["visitor"] = ANN
    assert open_page("performance").title[0].value == "Performance"
    app = open_page("home")  # by the main script, which draws the frame
    assert "Sign out" in [button.label for button in app.button]


@pytest.mark.usefixtures("service")
def test_unless_it_is_switched_on_nobody_is_asked(open_page):
    app = open_page("performance")
    assert app.title[0].value == "Performance"
    assert "Sign out" not in [button.label for button in app.button]
    assert "Sign in" not in words(app)
