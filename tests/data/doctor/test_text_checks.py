"""Faults that a pair shows on its own."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.data.demo import standard_library_pairs
from dlcodegen_core.data.doctor.checks import (
    BY_KEY,
    EMAIL_ADDRESS,
    SECRET,
    TARGET_IN_PROMPT,
    TOO_LONG,
    TRIVIAL_TARGET,
    WRONG_ENCODING,
    DoctorOptions,
)
from dlcodegen_core.data.doctor.text_checks import faults_of
from dlcodegen_core.data.pairs import Pair

OPTIONS = DoctorOptions(longest_prompt=1_000, longest_target=100)
PASSWORD = "".join(random.Random(3).sample(string.ascii_letters + string.digits, 20)) + "7q"
BLOCK = "for name in names:\n    print(name.title())\n    count += len(name)"


def faults(prompt: str, target: str, suffix: str | None = None) -> dict[str, str]:
    return dict(faults_of(Pair(prompt, target, "python", suffix=suffix), OPTIONS))


def test_the_standard_library_has_next_to_none() -> None:
    found = [key for pair in standard_library_pairs(1000) for key, _detail in faults_of(pair, DoctorOptions())]
    assert len(found) <= 2


@pytest.mark.parametrize(
    ("prompt", "target", "suffix"),
    [
        (f'password = "{PASSWORD}"\n', "connect(password)", None),
        ("password = ", f'"{PASSWORD}"', None),
        ('password = "', PASSWORD, '"\n'),
    ],
)
def test_a_secret_is_found_across_prompt_target_and_suffix_and_not_told(
    prompt: str, target: str, suffix: str | None
) -> None:
    assert faults(prompt, target, suffix) == {SECRET: f"password written out in the code: {PASSWORD[:4]}…"}


def test_an_address_is_found_and_told_by_its_place_alone() -> None:
    assert faults("# by jane.doe@work-place.org\n", "import os") == {EMAIL_ADDRESS: "j…@work-place.org"}


def test_garbled_characters_are_found() -> None:
    assert faults("x = 1\n", "name = 'cafÃ©'") == {WRONG_ENCODING: "Ã© stands where one character was"}


def test_an_answer_that_stands_in_the_prompt_is_found() -> None:
    line = "value = compute_the_total(prices, discounts)"
    assert faults(f"x = 1\n{line}\n\n", line) == {TARGET_IN_PROMPT: "the prompt ends with the target"}
    assert faults(f"{BLOCK}\nx = 1\n", BLOCK) == {TARGET_IN_PROMPT: "all 3 lines of the target stand in the prompt"}


@pytest.mark.parametrize("target", ["return None", "pass", "name = 'x'", "a = 1\nb = 1\nc = 1"])
def test_a_short_line_that_stood_there_before_is_natural(target: str) -> None:
    assert faults(f"x = 1\n{target}\ny = 2\n{target}\n", target) == {}


def test_what_is_too_long_is_told_with_both_numbers() -> None:
    assert faults("x" * 1_001, "y") == {TOO_LONG: "the prompt has 1,001 characters, at most 1,000 are read"}
    assert faults("x", "y" * 101) == {TOO_LONG: "the target has 101 characters, at most 100 are written"}
    assert faults("x" * 1_000, "y" * 100) == {}


@pytest.mark.parametrize(
    ("target", "told"), [(")", "the target is )"), ("},\n", "the target is },"), (" ", "the target is blank")]
)
def test_a_trivial_target_is_found(target: str, told: str) -> None:
    assert faults("x = (\n", target) == {TRIVIAL_TARGET: told}


@pytest.mark.parametrize("target", ["x", "7", "'[',", "é", "_"])
def test_a_target_that_says_something_is_not_trivial(target: str) -> None:
    assert faults("x = (\n", target) == {}


@given(st.text(), st.text(), st.none() | st.text())
def test_any_texts_can_be_looked_at(prompt: str, target: str, suffix: str | None) -> None:
    assert faults(prompt, target, suffix).keys() <= BY_KEY.keys()
