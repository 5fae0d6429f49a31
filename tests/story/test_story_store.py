"""Stories are kept by safe names, and a file that is none is told and harms nothing."""

import dataclasses
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.errors import StoryError
from dlcodegen_core.story.store import DamagedStory, SavedStory, StoryStore
from dlcodegen_core.story.story_file import to_bytes
from tests.story.story_samples import HOSTILE, story_saying


@pytest.fixture
def store(tmp_path: Path) -> StoryStore:
    return StoryStore(tmp_path / "stories")


def test_there_are_no_stories_before_the_first(store: StoryStore) -> None:
    assert store.all() == []


def test_a_story_is_found_again_by_its_id(store: StoryStore) -> None:
    story = story_saying()
    story_id = store.add(story)
    assert story_id == "v1-20260102-030405"
    assert store.load(story_id) == story
    assert store.all() == [SavedStory(story_id, story)]


def test_the_same_story_is_kept_once_and_another_of_that_name_beside_it(store: StoryStore) -> None:
    first = store.add_file(to_bytes(story_saying()), "story.json")
    assert store.add_file(to_bytes(story_saying()), "story (1).json") == first
    other = store.add(story_saying("another"))
    assert other == f"{first}-2"
    assert store.load(other) != store.load(first)


def test_stories_saved_last_come_first(store: StoryStore, tmp_path: Path) -> None:
    ids = [store.add(story_saying(text)) for text in ("one", "two", "three")]
    for age, story_id in enumerate(ids):
        os.utime(tmp_path / "stories" / f"{story_id}.json", (1_000 - age, 1_000 - age))
    assert store.ids() == ids


def test_a_changed_file_is_read_again(store: StoryStore, tmp_path: Path) -> None:
    story_id = store.add(story_saying())
    assert store.load(story_id).examples[0].truth == "return total"
    (tmp_path / "stories" / f"{story_id}.json").write_bytes(to_bytes(story_saying("return nothing")))
    assert store.load(story_id).examples[0].truth == "return nothing"


def test_a_removed_story_is_gone_and_adding_it_undoes_that(store: StoryStore) -> None:
    kept, removed = store.add(story_saying("one")), store.add(story_saying("two"))
    story = store.remove(removed)
    assert store.ids() == [kept]
    with pytest.raises(StoryError, match="no such story here"):
        store.remove(removed)
    assert store.add(story) == removed
    assert store.load(removed) == story_saying("two")


@pytest.mark.parametrize("story_id", ["../stories/one", "", "/etc/passwd", "one.json"])
def test_nothing_but_a_story_is_removed(store: StoryStore, tmp_path: Path, story_id: str) -> None:
    store.add(story_saying())
    (tmp_path / "one.json").write_text("{}")
    with pytest.raises(StoryError):
        store.remove(story_id)
    assert (tmp_path / "one.json").exists() and len(store.ids()) == 1


def test_a_damaged_file_is_named_and_the_others_stay(store: StoryStore, tmp_path: Path) -> None:
    good = store.add(story_saying())
    (tmp_path / "stories" / "bad.json").write_text("{")
    with pytest.raises(StoryError, match=r"bad\.json cannot be shown: it is not JSON"):
        store.load("bad")
    assert {type(found) for found in store.all()} == {SavedStory, DamagedStory}
    assert store.load(good)


def test_a_hostile_version_makes_a_harmless_id(store: StoryStore) -> None:
    story = story_saying()
    story = dataclasses.replace(story, made_at="../../etc", model=dataclasses.replace(story.model, version="../" * 30))
    assert store.load(store.add(story)) == story
    assert all("/" not in story_id and "." not in story_id for story_id in store.ids())


@given(st.text() | st.sampled_from(["../secret", "..", "", "a/b", "a\\b", "/etc/passwd", "x.json", "a\0b", HOSTILE]))
def test_no_id_leads_out_of_the_folder(tmp_path_factory: pytest.TempPathFactory, story_id: str) -> None:
    home = tmp_path_factory.getbasetemp() / "outside"
    home.mkdir(exist_ok=True)
    (home / "secret.json").write_bytes(to_bytes(story_saying()))
    with pytest.raises(StoryError, match="no such story here"):
        StoryStore(home / "stories").load(story_id)
