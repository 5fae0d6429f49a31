"""How much of a kept text is still there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.feedback.retention import share_kept

PROMPT = "import json\n\ndef load(path):\n    "
KEPT = "return json.loads(path.read_text())"


def test_what_nobody_touched_is_kept_whole() -> None:
    assert share_kept(PROMPT, KEPT, f"# new\n{PROMPT}{KEPT}\n\ndef save():\n    pass\n") == 1.0


def test_a_formatter_takes_nothing_away() -> None:
    later = f"{PROMPT}return json.loads(\n        path.read_text()\n    )\n"
    assert share_kept(PROMPT, KEPT, later) == 1.0


def test_what_was_renamed_is_kept_in_part() -> None:
    later = f"{PROMPT}return json.loads(file.read_text())\n"
    assert 0.8 < share_kept(PROMPT, KEPT, later) < 1.0


@pytest.mark.parametrize(
    "instead", ["raise NotImplementedError\n", "", "yaml_text = read(path)\n    return parse(yaml_text, strict=True)\n"]
)
def test_what_was_thrown_away_is_less_than_half(instead: str) -> None:
    assert share_kept(PROMPT, KEPT, f"{PROMPT}{instead}\n\nclass Other:\n    def run(self):\n        ...\n") < 0.5


def test_it_is_the_place_that_counts_and_not_the_rest_of_the_file() -> None:
    far = "\n".join(f"line_{number} = {number}" for number in range(100))
    assert share_kept(PROMPT, KEPT, f"{PROMPT}pass\n{far}\n    {KEPT}\n") < 0.5


def test_a_place_that_is_gone_is_looked_for_everywhere() -> None:
    assert share_kept(PROMPT, KEPT, f"def read(file):\n    {KEPT}\n") == 1.0


def test_nothing_is_left_of_nothing() -> None:
    assert share_kept(PROMPT, KEPT, "") == 0.0
    assert share_kept(PROMPT, "  ", PROMPT) == 0.0


@given(st.text(min_size=1), st.text(), st.text())
def test_it_is_always_a_share(prompt: str, kept: str, later: str) -> None:
    assert 0.0 <= share_kept(prompt, kept, later) <= 1.0
    if kept.strip():
        assert share_kept(prompt, kept, prompt + kept) == 1.0
