"""What a person forces into a reading or out of it, by globs in .gitignore's syntax over paths inside the source."""

import fnmatch
from dataclasses import dataclass

from dlcodegen_core.data.intake.ignore_rules import IgnoreRules, is_a_rule
from dlcodegen_core.errors import DatasetError

MAX_GLOBS = 200
MAX_GLOB_CHARS = 500


@dataclass(frozen=True, slots=True)
class FileRules:
    """Globs such as `*.min.js`, `/vendor/ours/` or `docs/**/*.py`; what is forced out stays out in any case.

    Forcing in overrules taste (ignored, others' code, generated, minified, a copy, no known language), never safety.
    Raises DatasetError naming the glob that cannot be one.
    """

    force_in: tuple[str, ...] = ()
    force_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what, globs in (("force in", self.force_in), ("force out", self.force_out)):
            if len(globs) > MAX_GLOBS:
                raise DatasetError(f"{len(globs):,} globs to {what}; at most {MAX_GLOBS} are read. Use wider globs.")
            for glob in globs:
                if problem := _problem_of(glob):
                    raise DatasetError(f"The glob {glob[:80]!r} to {what} {problem}")


class ForcedPaths:
    """The rules of a person, asked about one path at a time. A path has no slash at its end."""

    def __init__(self, rules: FileRules) -> None:
        self._in, self._out = IgnoreRules(rules.force_in), IgnoreRules(rules.force_out)
        self._in_segments = [_segments(glob) for glob in rules.force_in]

    def is_out(self, path: str, is_folder: bool) -> bool:
        return len(self._out) > 0 and self._out.verdict(path, is_folder) is True

    def is_in(self, path: str, is_folder: bool) -> bool:
        """Whether a glob names this very entry; what lies in a folder that it names is in as well."""
        return len(self._in) > 0 and self._in.verdict(path, is_folder) is True

    def may_be_in(self, folder: str) -> bool:
        """Whether a glob could name anything inside a folder, which then has to be looked into."""
        parts = folder.split("/")
        return any(_reaches(segments, parts) for segments in self._in_segments)


def _problem_of(glob: str) -> str:
    """What is wrong with a glob and what to do about it; empty if it is fine."""
    if not glob.strip():
        return "is empty. Leave it out."
    if len(glob) > MAX_GLOB_CHARS:
        return f"has {len(glob):,} characters, at most {MAX_GLOB_CHARS} are read. Use a shorter one."
    if any(character in glob for character in "\0\n\r"):
        return "holds a line end or a NUL character. Give one glob a line."
    if glob.startswith(("!", "#")):
        return f"starts with {glob[0]}, which only a .gitignore file may. Write \\{glob[0]} if the name starts so."
    if ".." in glob.split("/"):
        return "leads out of the source with '..'. Write the path from the top of the source."
    if not is_a_rule(glob):
        return "cannot be understood. Write it as in a .gitignore file, such as *.min.js or /vendor/ours/."
    return ""


def _segments(glob: str) -> list[str]:
    """A glob's parts from the top of the source; one without a slash in its middle may match anywhere."""
    inner = glob.strip().removesuffix("/")
    return inner.removeprefix("/").split("/") if "/" in inner else ["**", inner]


def _reaches(segments: list[str], parts: list[str]) -> bool:
    """Whether something below the folder with these parts could match; in doubt it could."""
    for segment, part in zip(segments, parts, strict=False):
        if segment == "**" or "\\" in segment:
            return True
        if not fnmatch.fnmatchcase(part, segment):
            return False
    return True
