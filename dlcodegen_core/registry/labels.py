"""What a person writes on a version after it was made: a name, a note, tags. The version itself stays untouched."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dlcodegen_core.errors import ModelError

MAX_NAME_CHARACTERS = 80
MAX_NOTE_CHARACTERS = 5_000
MAX_TAG_CHARACTERS = 40
MAX_TAGS = 20


@dataclass(frozen=True, slots=True)
class Labels:
    """Made through `Labels.of`, which checks them."""

    name: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str = "", note: str = "", tags: Iterable[str] = ()) -> "Labels":
        """Labels as a person typed them: blanks around them go, and a tag counts once. Raises ModelError."""
        name, note = name.strip(), note.strip()
        once = tuple(dict.fromkeys(filter(None, (tag.strip() for tag in tags))))
        if len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
            raise ModelError(f"The name cannot be used. Use at most {MAX_NAME_CHARACTERS} printable characters.")
        if len(note) > MAX_NOTE_CHARACTERS:
            raise ModelError(f"The note has {len(note):,} characters. Use at most {MAX_NOTE_CHARACTERS:,}.")
        if not all(character.isprintable() or character in "\n\t" for character in note):
            raise ModelError("The note holds characters that cannot be shown. Remove them.")
        if len(once) > MAX_TAGS:
            raise ModelError(f"There are {len(once)} tags. Use at most {MAX_TAGS}.")
        for tag in once:
            if len(tag) > MAX_TAG_CHARACTERS or not tag.isprintable() or "," in tag:
                raise ModelError(
                    f"The tag {tag[:MAX_TAG_CHARACTERS]!r} cannot be used. Use at most {MAX_TAG_CHARACTERS} printable "
                    "characters without a comma."
                )
        return cls(name, note, once)

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "note": self.note, "tags": list(self.tags)}

    @classmethod
    def from_json(cls, value: Any) -> "Labels":
        """The inverse of `to_json`. Raises ModelError, ValueError or TypeError."""
        if not isinstance(value, Mapping) or set(value) != {"name", "note", "tags"}:
            raise ValueError("labels have a name, a note and tags")
        if not isinstance(value["tags"], list) or not all(isinstance(tag, str) for tag in value["tags"]):
            raise ValueError("tags are a list of texts")
        if not isinstance(value["name"], str) or not isinstance(value["note"], str):
            raise ValueError("name and note are texts")
        return cls.of(value["name"], value["note"], value["tags"])
