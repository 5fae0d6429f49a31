"""Numbers and times as people read them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages._shared import wording
from pages._shared.frame import plain_text


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.25, "250 ms"), (8.04, "8.0 s"), (59.7, "1 min 0 s"), (80, "1 min 20 s"), (7500, "2 h 5 min")],
)
def test_a_duration_has_sensible_units(seconds, told):
    assert wording.duration(seconds) == told


def test_a_moment_is_told_from_now():
    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert wording.ago(now - timedelta(minutes=5), now) == "5 min ago"
    assert wording.ago(now - timedelta(days=3), now) == "3 days ago"


@given(st.text(alphabet="<>[]()*_`$#!|~:\\ab\n"))
def test_text_of_others_is_never_markup(text):
    escaped = plain_text(text)
    for sign in "<[*_`$#|~:":
        assert escaped.count(f"\\{sign}") == text.count(sign)
