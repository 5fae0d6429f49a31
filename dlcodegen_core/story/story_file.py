"""A story as the bytes of one JSON file, and back. A file may come from anybody, so all of it is checked."""

import json
from dataclasses import asdict
from typing import Any

from dlcodegen_core.errors import StoryError
from dlcodegen_core.story.story import Story
from dlcodegen_core.story.strict_reading import MAX_TEXT, Unreadable, read_strictly

FORMAT = 1
MAX_STORY_BYTES = 2_000_000


def as_plain(story: Story) -> dict[str, Any]:
    """The content of a story's file. Whatever is written can be read: odd characters are replaced, long texts cut."""
    return {"format": FORMAT, "story": _readable(asdict(story))}


def to_bytes(story: Story) -> bytes:
    """The file of a story, as it can be opened elsewhere."""
    return json.dumps(as_plain(story), indent=1, ensure_ascii=False, allow_nan=False).encode()


def from_bytes(content: bytes, name: str) -> Story:
    """The story in a file. name: what to call it in an error. Raises StoryError, which says what is wrong with it."""
    if len(content) > MAX_STORY_BYTES:
        raise _wrong(name, f"it has {len(content) / 1e6:.1f} MB, a story has at most {MAX_STORY_BYTES // 10**6} MB")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as exc:
        raise _wrong(name, "it is not JSON") from exc
    if not isinstance(value, dict) or "format" not in value or "story" not in value:
        raise _wrong(name, "it is JSON, but no story")
    if isinstance(value["format"], bool) or value["format"] != FORMAT:
        raise StoryError(
            f"{name} is a story of another format than this workbench reads ({FORMAT}). Open it with the version of "
            "the workbench that made it, or make the story again."
        )
    try:
        return read_strictly(Story, value["story"], "story")
    except Unreadable as exc:
        raise _wrong(name, str(exc)) from exc


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")[:MAX_TEXT]
    if isinstance(value, dict):
        return {_readable(name): _readable(part) for name, part in value.items()}
    return [_readable(part) for part in value] if isinstance(value, list | tuple) else value


def _wrong(name: str, why: str) -> StoryError:
    return StoryError(
        f"{name} cannot be shown: {why}. Choose a file that was downloaded from the Story page, "
        "or make the story again."
    )
