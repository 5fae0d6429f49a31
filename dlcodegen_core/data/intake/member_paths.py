"""Whether a path that came from elsewhere may stand for a place inside a source; if not, the reason in plain words."""

import re

from dlcodegen_core.data.intake.entries import printable

MAX_PATH_CHARS = 1_000
_SHOWN_CHARS = 200
_DRIVE = re.compile(r"[A-Za-z]:")


def inside_path(path: str) -> tuple[str, str]:
    """The path without `.` and doubled slashes, or else the reason to refuse it; both are empty for the top itself."""
    if "\0" in path:
        return "", "its path holds a NUL character"
    if "\\" in path:
        return "", "its path holds a backslash"
    if path.startswith("/") or _DRIVE.match(path):
        return "", "its path is absolute and leads outside"
    if len(path) > MAX_PATH_CHARS:
        return "", f"its path is longer than {MAX_PATH_CHARS:,} characters"
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        return "", "its path leads outside (..)"
    return "/".join(parts), ""


def shown(path: str) -> str:
    """A path as it may be listed, whatever it holds."""
    return printable(path if len(path) <= _SHOWN_CHARS else f"{path[:_SHOWN_CHARS]}…").replace("\0", "\\0")
