"""A JSON body read field by field, so that each wrong value is told by its name.

null counts as left out: many clients send every field that they know. What is not asked for is not looked at.
"""

import reprlib
from collections.abc import Mapping
from typing import Any

from dlcodegen_core.errors import RequestError

MAX_NAME_CHARACTERS = 200
SHOWN_CHARACTERS = 60
LARGEST = 1e300  # so that every number that is let in is a finite float

_shown = reprlib.Repr()
_shown.maxlevel, _shown.maxstring = 2, SHOWN_CHARACTERS


class Fields:
    """The fields of a JSON object. All readers raise RequestError for a value that does not fit."""

    def __init__(self, body: Mapping[str, Any], within: str = "") -> None:
        """within: the name of the field that this object stands in, for messages."""
        self._body = body
        self._within = f"{within}." if within else ""

    def has(self, name: str) -> bool:
        """Whether a field is there and not null."""
        return self._body.get(name) is not None

    def any(self, name: str) -> Any:
        """The value as it is, None if it is left out."""
        return self._body.get(name)

    def text(self, name: str, default: str = "") -> str:
        value = self._body.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.wrong(name, "Use a string")
        return value

    def name(self, name: str) -> str:
        """A short text that may be shown and logged, such as a user's or a model's name; empty if left out."""
        value = self.text(name)
        if len(value) > MAX_NAME_CHARACTERS or not value.isprintable():
            raise self.wrong(name, f"Use at most {MAX_NAME_CHARACTERS} printable characters")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._body.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.wrong(name, "Use true or false")
        return value

    def whole(self, name: str, default: int, low: int | None = None, high: int | None = None) -> int:
        """A whole number; 40.0 is one as well, since some clients know only one kind of number."""
        value = self._body.get(name)
        if value is None:
            return default
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not _within(value, low, high):
            raise self.wrong(name, f"Use a whole number{_bounds(low, high)}")
        return value

    def number(self, name: str, default: float, low: float | None = None, high: float | None = None) -> float:
        value = self._body.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not _within(value, low, high):
            raise self.wrong(name, f"Use a number{_bounds(low, high)}")
        return float(value)

    def texts(self, name: str, most: int) -> tuple[str, ...]:
        """A string, or a list of up to `most` strings; empty if left out."""
        value = self._body.get(name)
        if value is None:
            return ()
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.wrong(name, "Use a string or a list of strings")
        if len(value) > most:
            raise RequestError(f"{self._within}{name} has {len(value):,} entries. Use at most {most:,}.")
        return tuple(value)

    def inner(self, name: str) -> "Fields":
        """The object that a field holds; an empty one if left out."""
        value = self._body.get(name)
        if value is not None and not isinstance(value, dict):
            raise self.wrong(name, "Use an object")
        return Fields(value or {}, f"{self._within}{name}")

    def list_of_objects(self, name: str, most: int) -> list["Fields"]:
        """The objects of a list, at most the first `most`; empty if left out."""
        value = self._body.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(name, "Use a list of objects")
        return [Fields(one, f"{self._within}{name}[{place}]") for place, one in enumerate(value[:most])]

    def wrong(self, name: str, advice: str) -> RequestError:
        """The error that tells of a value, to be raised."""
        return RequestError(f"{self._within}{name} is {_shown.repr(self._body.get(name))}. {advice}.")


def _within(value: float, low: float | None, high: float | None) -> bool:
    # All three are false of what is not a number.
    return abs(value) < LARGEST and (low is None or low <= value) and (high is None or value <= high)


def _bounds(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {low:,} to {high:,}"
    return f" of at least {low:,}" if low is not None else ""
