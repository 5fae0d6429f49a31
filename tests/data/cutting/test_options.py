"""What may be asked of the cutter."""

import pytest

from dlcodegen_core.data.cutting import CutOptions
from dlcodegen_core.data.pairs import BODY, NEXT_LINE
from dlcodegen_core.errors import ConfigError


def test_next_lines_are_the_default() -> None:
    assert CutOptions().kinds == (NEXT_LINE,)


def test_kinds_may_come_as_a_list() -> None:
    assert CutOptions(kinds=[BODY]).kinds == (BODY,)  # type: ignore[arg-type]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        CutOptions(kinds=("lines",), most_pairs=0, seed=-1, prompt_characters=0, suffix_characters=0)
    for name in ("kinds", "most_pairs", "seed", "prompt_characters", "suffix_characters"):
        assert f"{name} is " in str(caught.value)
    assert "fill in the middle" in str(caught.value)


@pytest.mark.parametrize("kinds", [(), (BODY, BODY)])
def test_no_kind_and_the_same_kind_twice_are_refused(kinds: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="each once"):
        CutOptions(kinds=kinds)
