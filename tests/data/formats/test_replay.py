"""Pairs that come once and are gone through twice."""

from collections.abc import Iterator

import pytest

from dlcodegen_core.data.formats.replay import replayable
from dlcodegen_core.data.pairs import Pair

PAIRS = [Pair("a\r\u2028", "b"), Pair("é", "d", line=0), Pair("e", "f", "", suffix="\n")]


@pytest.mark.parametrize("times", [1, 1_001])
def test_an_iterator_can_be_gone_through_again(times: int) -> None:
    with replayable(iter(PAIRS * times)) as (again, fields):
        assert list(again) == list(again) == PAIRS * times
        assert fields == ("prompt", "target", "language", "line", "suffix")


def test_a_list_is_used_as_it_is() -> None:
    with replayable(PAIRS) as (again, fields):
        assert again is PAIRS
        assert fields == ("prompt", "target", "language", "line", "suffix")


def test_what_breaks_while_the_pairs_come_is_passed_on() -> None:
    def broken() -> Iterator[Pair]:
        yield PAIRS[0]
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"), replayable(broken()):
        pass
