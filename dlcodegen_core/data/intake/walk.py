"""The way through a tree of entries: which files are worth opening, in a fixed order, and why the others are not.

Looks at names only, and into .gitignore files. A whole folder that is left out is one entry of the list, not thousands.
"""

from collections import Counter
from dataclasses import dataclass, field

from dlcodegen_core.data.intake.entries import MAX_ENTRIES, Entry, Read, Tree, Unreadable, printable
from dlcodegen_core.data.intake.file_rules import FileRules, ForcedPaths
from dlcodegen_core.data.intake.ignore_rules import IgnoreRules
from dlcodegen_core.data.intake.progress import Heartbeat
from dlcodegen_core.data.source_files import SkippedFile, language_of, suffix_of
from dlcodegen_core.errors import DatasetError

# Version control's own: nothing in them is source, and their settings may hold passwords. No rule opens them.
CLOSED_FOLDERS = {".git", ".hg", ".svn"}
# Tools' own folders, other people's code, and what is built from source.
SKIPPED_FOLDERS = {
    *CLOSED_FOLDERS, ".venv", "venv", "env", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache",
    "__pycache__", "node_modules", "bower_components", "site-packages", "dist-packages", "dist", "build", "target",
    "out", ".next", ".nuxt", "vendor", "vendored", "third_party", "third-party", ".idea", ".vscode", "coverage",
    "htmlcov", ".eggs", ".gradle", ".yarn", ".cache", ".ipynb_checkpoints",
}  # fmt: skip
NOT_OURS = "a folder of tools, built files or others' code"
MAX_IGNORE_BYTES = 200_000
MAX_IGNORE_RULES = 20_000
_IGNORE_FILE = ".gitignore"


@dataclass(frozen=True, slots=True)
class FileFound:
    """A file worth opening. forced: whether a person's rule overrules taste. path: fit to be written anywhere."""

    path: str
    read: Read
    language: str | None
    forced: bool


@dataclass(slots=True)
class Walked:
    """What a walk found. others: how many files of no known language, by suffix."""

    files: list[FileFound] = field(default_factory=list)
    skipped: list[SkippedFile] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Level:
    """The rules of one file. start: the length of the path of the folder they stand in; told: the file's path."""

    start: int
    rules: IgnoreRules
    told: str


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder to enter. rules: those of each .gitignore above it, from the top down.

    forced: a person forces in whatever is here; only_forced: the folder is left out but for what is forced in.
    """

    path: str
    rules: tuple[_Level, ...]
    forced: bool = False
    only_forced: bool = False


def walk(tree: Tree, rules: FileRules, where: str, heartbeat: Heartbeat) -> Walked:
    """Each folder's own files by name before those of its subfolders.

    Raises DatasetError beyond MAX_ENTRIES; `where` names the tree in it.
    """
    return _Walk(tree, ForcedPaths(rules), where, heartbeat).run()


class _Walk:
    def __init__(self, tree: Tree, forced: ForcedPaths, where: str, heartbeat: Heartbeat) -> None:
        self._tree, self._forced, self._where, self._heartbeat = tree, forced, where, heartbeat
        self._found = Walked()
        self._entries_seen = 0
        self._rules_read = 0

    def run(self) -> Walked:
        waiting = [_Folder("", ())]
        while waiting:
            waiting += reversed(self._enter(waiting.pop()))
        return self._found

    def _enter(self, folder: _Folder) -> list[_Folder]:
        """Look through one folder; its subfolders to enter, by name."""
        try:
            entries = sorted(self._tree.entries(folder.path), key=lambda entry: entry.name)
        except Unreadable as exc:
            self._skip(folder.path or ".", str(exc))
            return []
        self._entries_seen += len(entries)
        if self._entries_seen > MAX_ENTRIES:
            raise DatasetError(
                f"{self._where} holds more than {MAX_ENTRIES:,} files and folders. "
                "Give a smaller part of it, or force its largest folders out."
            )
        # where only a person's rules count, those of git are not even read
        rules = () if folder.forced or folder.only_forced else folder.rules + self._rules_in(folder.path, entries)
        subfolders = []
        for entry in entries:
            self._heartbeat.beat(0, len(self._found.files))
            if entry.is_folder:
                subfolders += self._subfolder(folder, entry, rules)
            else:
                self._file(folder, entry, rules)
        return subfolders

    def _subfolder(self, folder: _Folder, entry: Entry, rules: tuple[_Level, ...]) -> list[_Folder]:
        path = folder.path + entry.name
        inside = f"{path}/"
        if self._forced.is_out(path, is_folder=True):
            if not folder.only_forced:
                self._skip(inside, "left out by your rule")
            return []
        if entry.name in CLOSED_FOLDERS:
            if not folder.only_forced:
                self._skip(inside, NOT_OURS)
            return []
        if folder.forced or self._forced.is_in(path, is_folder=True):
            return [_Folder(inside, rules, forced=True)]
        reason = NOT_OURS if entry.name in SKIPPED_FOLDERS else _ignored_by(rules, path, is_folder=True)
        if reason and not folder.only_forced:
            self._skip(inside, reason, can_be_forced=True)
        if not reason and not folder.only_forced:
            return [_Folder(inside, rules)]
        return [_Folder(inside, rules, only_forced=True)] if self._forced.may_be_in(path) else []

    def _file(self, folder: _Folder, entry: Entry, rules: tuple[_Level, ...]) -> None:
        path = folder.path + entry.name
        forced = folder.forced or self._forced.is_in(path, is_folder=False)
        if folder.only_forced and not forced:
            return
        language = language_of(printable(path))
        if self._forced.is_out(path, is_folder=False):
            if forced or language:
                self._skip(path, "left out by your rule")
            else:
                self._count_other(path)
        elif entry.read is None:
            self._skip(path, entry.reason)
        elif forced:
            self._found.files.append(FileFound(printable(path), entry.read, language, forced=True))
        elif not language:
            self._count_other(path)
        elif reason := _ignored_by(rules, path, is_folder=False):
            self._skip(path, reason, can_be_forced=True)
        else:
            self._found.files.append(FileFound(printable(path), entry.read, language, forced=False))

    def _rules_in(self, folder: str, entries: list[Entry]) -> tuple[_Level, ...]:
        """The rules that stand in a folder, those that git keeps for it aside coming first, since they count less."""
        reads = [
            (f"{folder}{entry.name}", entry.read) for entry in entries if entry.name == _IGNORE_FILE and entry.read
        ]
        if any(entry.name == ".git" and entry.is_folder for entry in entries):
            reads = [*self._excludes(folder), *reads]
        return tuple(
            _Level(len(folder), rules, printable(path))
            for path, read in reads
            if (rules := self._read_rules(path, read))
        )

    def _excludes(self, folder: str) -> list[tuple[str, Read]]:
        inside = f"{folder}.git/info/"
        with_git = {entry.name: entry for entry in self._entries_or_none(f"{folder}.git/")}
        if "info" not in with_git or not with_git["info"].is_folder:
            return []
        return [
            (f"{inside}exclude", entry.read)
            for entry in self._entries_or_none(inside)
            if entry.name == "exclude" and entry.read
        ]

    def _entries_or_none(self, folder: str) -> list[Entry]:
        try:
            return list(self._tree.entries(folder))
        except Unreadable:
            return []

    def _read_rules(self, path: str, read: Read) -> IgnoreRules | None:
        try:
            content = read()
        except Unreadable as exc:
            self._skip(path, f"its rules are not used: {exc}")
            return None
        lines = content.decode("utf-8-sig", "surrogateescape").splitlines()
        if len(content) > MAX_IGNORE_BYTES or self._rules_read + len(lines) > MAX_IGNORE_RULES:
            self._skip(path, f"its rules are not used: too large, or more than {MAX_IGNORE_RULES:,} rules in all")
            return None
        self._rules_read += len(lines)
        rules = IgnoreRules(lines)
        return rules if len(rules) else None

    def _count_other(self, path: str) -> None:
        self._found.others[suffix_of(printable(path)) or "no suffix"] += 1

    def _skip(self, path: str, reason: str, can_be_forced: bool = False) -> None:
        self._found.skipped.append(SkippedFile(printable(path), reason, can_be_forced))


def _ignored_by(rules: tuple[_Level, ...], path: str, is_folder: bool) -> str:
    """The reason to ignore an entry, by the nearest .gitignore that knows it; empty if none ignores it."""
    for level in reversed(rules):
        verdict = level.rules.verdict(path[level.start :], is_folder)
        if verdict is not None:
            return f"ignored by git's rules ({level.told})" if verdict else ""
    return ""
