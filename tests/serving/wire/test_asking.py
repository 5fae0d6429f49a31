"""What the protocols have in common, as a request to the predictor."""

import pytest

from dlcodegen_core.errors import RequestError
from dlcodegen_core.inference.prediction import MAX_BEAMS, MAX_TOKENS
from dlcodegen_core.serving.wire.asking import (
    CONTEXT_CHARACTERS,
    Drawing,
    language_of,
    nearest,
    read_drawing,
    read_most,
    read_stops,
    request_for,
    shortened,
)
from dlcodegen_core.serving.wire.fields import Fields
from dlcodegen_core.serving.wire.fill_in import Gap


def test_the_likeliest_text_is_given_unless_samples_are_wanted() -> None:
    assert read_drawing(Fields({})) == Drawing()
    # What Continue and llama.vscode send, who mean the likeliest.
    assert read_drawing(Fields({"temperature": 0.01, "top_p": 0.9, "seed": 7})) == Drawing()
    assert read_drawing(Fields({"temperature": 0.1, "top_k": 40})) == Drawing()
    drawn = read_drawing(Fields({"temperature": 0.8, "top_k": 40, "top_p": 0.9, "seed": 7}))
    assert drawn == Drawing(0.8, 40, 0.9, 7)


def test_without_a_seed_samples_differ_and_with_any_seed_they_do_not() -> None:
    assert read_drawing(Fields({"temperature": 1}), lambda below: below - 1).seed == 2**32 - 1
    assert read_drawing(Fields({"temperature": 1, "seed": -1}), lambda _below: 5).seed == 5
    assert read_drawing(Fields({"temperature": 1, "seed": 2**40 + 3})).seed == 3


def test_what_other_servers_allow_is_brought_into_our_bounds() -> None:
    drawn = read_drawing(Fields({"temperature": 1, "top_k": -1, "top_p": 0, "seed": 1}))
    assert (drawn.top_k, drawn.top_p) == (0, 0.01)
    assert read_drawing(Fields({"temperature": 1, "top_k": 10**9, "seed": 1})).top_k == 16_384
    with pytest.raises(RequestError, match="temperature is 3"):
        read_drawing(Fields({"temperature": 3}))


@pytest.mark.parametrize(("sent", "meant"), [(-1, MAX_TOKENS), (-2, MAX_TOKENS), (10**6, MAX_TOKENS), (0, 0), (7, 7)])
def test_no_more_tokens_are_asked_for_than_there_may_be(sent: int, meant: int) -> None:
    assert read_most(Fields({"n_predict": sent}), "n_predict", 16) == meant


def test_a_line_is_chosen_among_several_and_a_longer_text_is_had_at_once() -> None:
    gap = Gap("x = ")
    line, text = request_for(gap, 40, ("\n",)), request_for(gap, 40, ("\n\n",))
    assert line is not None and text is not None
    assert (line.beams, text.beams) == (4, 1)
    many, drawn = request_for(gap, 40, ways=99), request_for(gap, 40, ("\n",), Drawing(1.0))
    assert many is not None and drawn is not None
    assert (many.beams, drawn.beams) == (MAX_BEAMS, 1)


@pytest.mark.parametrize("gap", [Gap(""), Gap("\n  ", "code behind"), Gap("", "", ("", "\n"))])
def test_where_nothing_stands_before_the_cursor_nothing_is_asked(gap: Gap) -> None:
    assert request_for(gap, 40) is None


def test_other_files_alone_are_something_to_go_on_from() -> None:
    request = request_for(Gap("", "", ("import os\n",)), 40)
    assert request is not None and request.context == ("import os",)


def test_the_nearest_files_are_kept_and_the_farthest_gives_its_end() -> None:
    kept = nearest(("a" * CONTEXT_CHARACTERS, "", "b" * (CONTEXT_CHARACTERS - 10), "c\n"))
    assert kept == ("a" * 9, "b" * (CONTEXT_CHARACTERS - 10), "c")


def test_too_long_a_text_is_cut_away_from_the_cursor() -> None:
    assert shortened(Gap("ab", "cd")) == (Gap("ab", "cd"), False)
    gap, cut = shortened(Gap("-" * 100_000 + "near", "near" + "-" * 100_000))
    assert cut and gap.prefix.endswith("near") and gap.suffix.startswith("near")
    assert len(gap.prefix) == len(gap.suffix) == 100_000


def test_stops_count_once_and_empty_ones_say_nothing() -> None:
    assert read_stops(Fields({"stop": ["\n", "", "\n", "x"]})) == ("\n", "x")
    with pytest.raises(RequestError, match="stop has 65 entries"):
        read_stops(Fields({"stop": ["a"] * 65}))


@pytest.mark.parametrize(
    ("name", "ours"),
    [("python", "python"), ("TypeScriptReact", "tsx"), ("c++", "cpp"), ("cpp", "cpp"), ("markdown", ""), ("", "")],
)
def test_an_editors_name_of_a_language_is_ours_or_none(name: str, ours: str) -> None:
    assert language_of(name) == ours
