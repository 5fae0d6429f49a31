"""The saved stories: one JSON file each, in one folder. Their content belongs to `story_file`.

Ids come from addresses and uploads, so only names of letters, digits, `-` and `_` are ever looked up.
"""

import itertools
import re
import threading
from dataclasses import dataclass
from pathlib import Path

from dlcodegen_core.errors import StorageError, StoryError
from dlcodegen_core.storage.files import write_json_atomically
from dlcodegen_core.story.story import Story
from dlcodegen_core.story.story_file import MAX_STORY_BYTES, as_plain, from_bytes

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
MAX_STORIES = 500


@dataclass(frozen=True, slots=True)
class SavedStory:
    """A story that can be shown."""

    id: str
    story: Story


@dataclass(frozen=True, slots=True)
class DamagedStory:
    """A file in the folder that is no story, and why."""

    id: str
    problem: str


class StoryStore:
    """Thread-safe; a story is read once and again when its file has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._read: dict[str, tuple[tuple[int, int], SavedStory | DamagedStory]] = {}

    def ids(self) -> list[str]:
        """The ids of all files here, those saved last first."""
        found = [path for path in self._folder.glob("*.json") if _ID.fullmatch(path.stem)]
        return [path.stem for path in sorted(found, key=lambda path: (-_changed(path)[0], path.stem))]

    def all(self) -> list[SavedStory | DamagedStory]:
        """Every story here, those saved last first, with the files that are damaged."""
        return [self._look_up(story_id) for story_id in self.ids()]

    def load(self, story_id: str) -> Story:
        """The story of that id. Raises StoryError if there is none, or it is damaged."""
        if not _ID.fullmatch(story_id) or not self._file(story_id).is_file():
            raise StoryError(
                "There is no such story here. It was made on another machine, or its file was removed: open its file "
                "below, or choose another story."
            )
        found = self._look_up(story_id)
        if isinstance(found, DamagedStory):
            raise StoryError(found.problem)
        return found.story

    def add(self, story: Story) -> str:
        """Save a story and return its id; one that is here already is not saved again.

        Raises StorageError if the disk refuses, StoryError if there are too many.
        """
        name = _name_of(story)
        with self._lock:
            if len(self.ids()) >= MAX_STORIES:
                raise StoryError(
                    f"There are {MAX_STORIES} stories already. Remove one that nobody needs any more: open it on the "
                    "Story page and press Remove."
                )
            for number in itertools.count(1):
                story_id = name if number == 1 else f"{name}-{number}"
                if not self._file(story_id).exists():
                    write_json_atomically(self._file(story_id), as_plain(story))
                    return story_id
                there = self._look_up(story_id)
                if isinstance(there, SavedStory) and there.story == story:
                    return story_id
        raise AssertionError("a free name is always found")

    def add_file(self, content: bytes, name: str) -> str:
        """Save a story from an uploaded file and return its id. Raises StoryError if it is none, else as `add`."""
        return self.add(from_bytes(content, name))

    def remove(self, story_id: str) -> Story:
        """Delete a story's file and return what was in it, so that `add` can undo it.

        Raises StoryError if there is none of that id or it is damaged, StorageError if the disk refuses.
        """
        story = self.load(story_id)
        with self._lock:
            try:
                self._file(story_id).unlink(missing_ok=True)
            except OSError as exc:
                raise StorageError(
                    f"The story could not be removed: {exc.strerror or exc}. Check the folder's permissions."
                ) from exc
            self._read.pop(story_id, None)
        return story

    def _look_up(self, story_id: str) -> SavedStory | DamagedStory:
        file = self._file(story_id)
        changed = _changed(file)
        kept = self._read.get(story_id)
        if kept is None or kept[0] != changed:
            kept = (changed, _read(file))
            self._read[story_id] = kept
        return kept[1]

    def _file(self, story_id: str) -> Path:
        return self._folder / f"{story_id}.json"


def _name_of(story: Story) -> str:
    """`v1-20260102-030405`: the version and the moment, of which nothing but letters and digits is taken over."""
    version = re.sub("[^A-Za-z0-9]", "", story.model.version)[:20] or "story"
    moment = re.sub("[^0-9]", "", story.made_at)[:14]
    return f"{version}-{moment[:8]}-{moment[8:]}".rstrip("-")


def _read(file: Path) -> SavedStory | DamagedStory:
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_STORY_BYTES + 1)
        return SavedStory(file.stem, from_bytes(content, file.name))
    except OSError as exc:
        return DamagedStory(file.stem, f"{file.name} cannot be read ({exc.strerror}). Check the folder's permissions.")
    except StoryError as exc:
        return DamagedStory(file.stem, str(exc))


def _changed(file: Path) -> tuple[int, int]:
    """When a file was written and how long it is; -1 if it cannot be told."""
    try:
        state = file.stat()
    except OSError:
        return -1, -1
    return state.st_mtime_ns, state.st_size
