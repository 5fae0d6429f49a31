"""A story's file gives back what was written, and anything else is refused in words."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.errors import StoryError
from dlcodegen_core.story.story_file import MAX_STORY_BYTES, as_plain, from_bytes, to_bytes
from tests.story.story_samples import HOSTILE, story_saying

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def changed(*path: Any, to: Any) -> bytes:
    """The file of a story with one value replaced, by the way to it."""
    value = json.loads(to_bytes(story_saying()))
    inner = value["story"]
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return json.dumps(value).encode()


@pytest.mark.parametrize("kind", ["sequence", "deepcodenet"])
def test_a_story_comes_back_as_it_was(kind: str) -> None:
    story = story_saying(HOSTILE, kind)
    assert from_bytes(to_bytes(story), "story.json") == story


@given(st.text())
def test_whatever_text_a_story_holds_its_file_can_be_read(text: str) -> None:
    content = to_bytes(story_saying(text))
    story = from_bytes(content, "story.json")
    assert from_bytes(to_bytes(story), "again") == story
    if "\0" not in text:
        assert story.examples[0].truth == text


def test_odd_characters_and_very_long_texts_are_mended_when_it_is_written() -> None:
    story = from_bytes(to_bytes(story_saying("a\0b\ud800" + "x" * 30_000)), "story.json")
    assert story.examples[0].truth.startswith("a\N{REPLACEMENT CHARACTER}b?x")
    assert len(story.examples[0].truth) == 20_000


@given(st.binary(max_size=200))
def test_any_other_bytes_are_no_story(content: bytes) -> None:
    with pytest.raises(StoryError, match=r"file\.json cannot be shown"):
        from_bytes(content, "file.json")


@given(JSON_VALUES)
def test_any_other_json_is_no_story(value: object) -> None:
    for told in (value, {"format": 1, "story": value}):
        with pytest.raises(StoryError):
            from_bytes(json.dumps(told).encode(), "file.json")


@given(st.data())
def test_a_story_with_any_value_replaced_is_read_or_refused(data: st.DataObject) -> None:
    value = as_plain(story_saying())
    holder, key = data.draw(st.sampled_from(list(_places(value))))
    holder[key] = data.draw(JSON_VALUES)
    try:
        story = from_bytes(json.dumps(value).encode(), "file.json")
    except StoryError:
        return
    assert from_bytes(to_bytes(story), "again") == story


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (changed("made_at", to=5), r"story\.made_at is no text"),
        (changed("examples", to=[]), "the number of examples is 0, not from 1 to 6"),
        (changed("examples", 0, "after", "confidence", to=1.5), r"story\.examples\[0\]\.after: confidence is 1.5"),
        (changed("examples", 0, "after", "confidence", to=float("nan")), "no number of a sensible size"),
        (changed("examples", 0, "after", "latency_ms", to={"decode": -1}), "a time below 0"),
        (changed("examples", 0, "after", "latency_ms", to=dict.fromkeys(map(str, range(99)), 1)), "99 stages"),
        (changed("examples", 0, "explained", "origins", 0, "source", to="magic"), "is none of: network, counts"),
        (changed("examples", 0, "line", to=-1), "no whole number from 0 on"),
        (changed("figures", "held_out", to=1), "neither true nor false"),
        (changed("curves", "loss", to=[1.0]), "its lines differ in length"),
        (changed("correction", "example", to=7), "of example 7, which there is not"),
        (changed("extra", to=1), "1 entries that are not known"),
        (changed("title", to="x" * 50), "not known"),
        (changed("examples", 0, "truth", to="x" * 30_000), "has 30,000 characters"),
        (changed("examples", 0, "truth", to="\ud800"), "a character that is no text"),
        (changed("curves", "places", to=[1.0] * 6_000), "has 6,000 entries"),
        (b"[" * 100_000, "it is not JSON"),
        (b"{}", "no story"),
        (b" " * (MAX_STORY_BYTES + 1), "at most 2 MB"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(content: bytes, told: str) -> None:
    with pytest.raises(StoryError, match=told):
        from_bytes(content, "file.json")


def test_a_missing_entry_is_named() -> None:
    value = as_plain(story_saying())
    del value["story"]["untrained"]
    with pytest.raises(StoryError, match="story lacks untrained"):
        from_bytes(json.dumps(value).encode(), "file.json")


@pytest.mark.parametrize("version", [0, 2, "1", True, None])
def test_a_story_of_another_format_is_told_apart_from_a_damaged_one(version: object) -> None:
    content = json.dumps({**as_plain(story_saying()), "format": version}).encode()
    with pytest.raises(StoryError, match="of another format than this workbench reads"):
        from_bytes(content, "file.json")


def _places(value: Any) -> Any:
    """Every place in a JSON value that holds a value, as its holder and its key there."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in steps:
        yield value, key
        yield from _places(inner)
