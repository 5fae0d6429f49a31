"""Who gets which arm."""

import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.experiments.assignment import assign, pseudonym

EVEN = (0.5, 0.5)


def test_a_user_keeps_an_arm_in_every_process():
    users = [f"user {number}" for number in range(50)]
    code = f"""
from dlcodegen_core.experiments.assignment import assign
print([assign(7, user, {EVEN!r}) for user in {users!r}])
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True).stdout
    assert told.strip() == str([assign(7, user, EVEN) for user in users])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_the_traffic_is_split_as_it_was_asked_for(share):
    users = [assign(1, f"user {number}", (share, 1 - share)) for number in range(5000)]
    chance = [assign(1, "", (share, 1 - share)) for _request in range(5000)]
    assert users.count(0) / 5000 == pytest.approx(share, abs=0.03)
    assert chance.count(0) / 5000 == pytest.approx(share, abs=0.03)


def test_the_next_test_deals_anew():
    both = Counter((assign(1, f"user {n}", EVEN), assign(2, f"user {n}", EVEN)) for n in range(4000))
    assert all(count == pytest.approx(1000, rel=0.15) for count in both.values())
    assert len(both) == 4


@given(st.text(alphabet=st.characters(), min_size=1), st.floats(0.05, 0.95))
def test_any_name_of_a_user_gets_an_arm_and_always_the_same(user, share):
    assert assign(3, user, (share, 1 - share)) == assign(3, user, (share, 1 - share))
    assert len(pseudonym(user)) == 16


def test_half_a_character_is_a_user_too():
    assert assign(3, "\ud800", EVEN) in (0, 1)


def test_nobody_has_no_pseudonym():
    assert pseudonym("") == ""
