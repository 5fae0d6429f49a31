"""The Performance page: who asked what and how it went, one request from near, and where the workbench connects to."""

import pytest

from dlcodegen_core import outbound
from dlcodegen_core.errors import OfflineError, RequestError
from dlcodegen_core.inference.live_requests import TextSwitch
from pages._performance import live as panel
from tests.ui.test_pages import words

OUTSIDE = "192.0.2.1"  # of a network that is kept for documents (RFC 5737): nobody is there


def table(app, column):
    return next(frame.value for frame in app.dataframe if column in frame.value.columns)


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


def choose(app, request):
    """Select a row; the browser does it by a click."""
    app.session_state[panel.CHOSEN] = request.id
    app.run()
    assert not app.exception


@pytest.fixture(autouse=True)
def _own_connections(monkeypatch):
    """Connections of this test alone."""
    monkeypatch.setattr(outbound, "_connections", outbound.Connections())


def test_requests_of_pages_and_programs_stand_in_one_list(trained, open_page):
    trained.predict("import listed")
    with trained.requests.live.open("laptop", "POST /v1/completions") as request:
        trained.predict("import listed")
        request.status = 200
    with pytest.raises(RequestError):
        trained.predict(" ")
    rows = table(open_page("performance"), "Who")
    assert list(rows["Who"])[:2] == ["laptop", "pages"]
    assert list(rows["Cache"])[:2] == ["hit", "miss"]
    assert set(rows["Version"][:2]) == {"v1"}


def test_what_failed_is_counted_and_can_be_looked_at_alone(trained, open_page):
    live = trained.requests.live
    trained.predict("import fine")
    with live.open("laptop", "POST /v1/completions") as request:
        request.status, request.error = 413, "The body is larger than 1,000 bytes. Send less."
    app = open_page("performance")
    assert metrics(app)["Failed"] == "1"
    assert metrics(app)["Since the start"] == "2"
    next(toggle for toggle in app.toggle if toggle.label == "Failed only").set_value(True).run()
    assert list(table(app, "Who")["Status"]) == [413]
    choose(app, request)
    assert "The body is larger than 1,000 bytes" in app.error[0].value.replace("\\", "")


def test_one_request_is_seen_from_near_and_the_list_stands_still_meanwhile(trained, open_page):
    with trained.requests.live.open("laptop", "POST /v1/completions", "looked-at") as request:
        trained.predict("import looked_at")
        request.status = 200
    app = open_page("performance")
    choose(app, request)
    assert "asked by laptop" in words(app)
    assert "Its texts were not kept" in words(app)
    trained.predict("import later")
    app.run()
    assert len(table(app, "Who")) == 1


def test_texts_are_kept_from_the_moment_that_somebody_turns_the_switch_until_they_turn_it_off(trained, open_page):
    live = trained.requests.live
    app = open_page("performance")
    switch = next(toggle for toggle in app.toggle if toggle.label == "Keep prompts and replies")
    assert not switch.value
    switch.set_value(True).run()
    assert TextSwitch(trained.settings.home).read()
    with live.open("laptop", "POST /v1/completions") as request:
        reply = trained.predict("import <b>kept</b>").completion
        request.status = 200
    app.run()
    choose(app, request)
    assert [block.value for block in app.code] == ["import <b>kept</b>", reply or "(nothing)"]
    next(toggle for toggle in app.toggle if toggle.label == "Keep prompts and replies").set_value(False).run()
    assert not app.code
    assert not TextSwitch(trained.settings.home).read()
    assert live.texts(request.id) == []


def test_no_connection_to_another_machine_is_told_as_such(trained, open_page):
    app = open_page("performance")
    assert "No connection to another machine since the start" in app.success[0].value
    places = table(app, "May connect to")
    assert list(places["May connect to"]) == ["Git servers"]
    assert "offline switch: off" in words(app)


def test_a_connection_to_another_machine_is_shown(trained, open_page):
    outbound.allow(OUTSIDE, 443)
    app = open_page("performance")
    assert "1 connection or name look-up to other machines" in words(app)
    others = table(app, "By")
    assert (others["To"][0], others["Connections"][0]) == (f"{OUTSIDE}:443", 1)


def test_offline_is_shown_with_what_it_refused(trained, open_page):
    outbound.watch(trained.settings)
    outbound._connections.offline = True
    with pytest.raises(OfflineError):
        outbound.allow(OUTSIDE, 443)
    trained.settings = type(trained.settings)(home=trained.settings.home, embedder="local", offline=True)
    app = open_page("performance")
    assert "No connection to another machine" in app.success[0].value
    assert "other machines are refused, 1 so far" in words(app)
    assert table(app, "By")["Refused"][0] == 1
    outbound._connections.offline = False
