"""Files whose paths came from elsewhere, as a tree of folders to walk through. Nothing of it lies on a disk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dlcodegen_core.data.intake.entries import MAX_ENTRIES, Entry, Read
from dlcodegen_core.data.intake.member_paths import inside_path, shown
from dlcodegen_core.data.source_files import SkippedFile
from dlcodegen_core.errors import DatasetError

# What a Mac adds to each zip file: notes about the other files under their names.
_NOTES_OF_A_MAC = "__MACOSX/"

_Folders = dict[str, dict[str, Entry]]


@dataclass(frozen=True, slots=True)
class Member:
    """A file with the path that somebody gave it. reason: why it is not to be opened, empty if it may be."""

    path: str
    read: Read | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FileTree:
    """Entries by folder. refused: members whose paths are no paths inside the source, or that came twice."""

    folders: _Folders
    refused: list[SkippedFile]

    def entries(self, folder: str) -> Sequence[Entry]:
        return list(self.folders.get(folder, {}).values())


def tree_of(members: Iterable[Member], where: str) -> FileTree:
    """A tree of the members, without the one folder at the top that holds them all, if there is one.

    Raises DatasetError naming `where` if there are more than MAX_ENTRIES.
    """
    refused: list[SkippedFile] = []
    by_path: dict[str, Member] = {}
    for number, member in enumerate(members, start=1):
        check_count(number, where)
        path, reason = inside_path(member.path)
        if path in by_path:
            reason = "another file has the same path"
        if reason:
            refused.append(SkippedFile(shown(member.path), reason))
        elif path and not path.startswith(_NOTES_OF_A_MAC):
            by_path[path] = member
    start = len(_top_folder(by_path))
    folders: _Folders = {"": {}}
    for path, member in by_path.items():
        folder, name = _split(path[start:])
        _make(folders, folder)
        check_count(len(folders), where)
        folders[folder].setdefault(name, Entry(name, reason=member.reason, read=member.read))
    return FileTree(folders, refused)


def check_count(count: int, where: str) -> None:
    """Raise DatasetError naming `where` if it holds more than is looked at."""
    if count > MAX_ENTRIES:
        raise DatasetError(f"{where} holds more than {MAX_ENTRIES:,} files and folders. Give a smaller part of it.")


def _top_folder(paths: Iterable[str]) -> str:
    """The folder that all paths begin with, with its slash, as in an archive of a project; empty if there is none."""
    tops = {path.partition("/")[:2] for path in paths}
    top, slash = next(iter(tops)) if len(tops) == 1 else ("", "")
    return top + slash if slash else ""


def _split(path: str) -> tuple[str, str]:
    start = path.rfind("/") + 1
    return path[:start], path[start:]


def _make(folders: _Folders, folder: str) -> None:
    """Make a folder, and those above it, known. A folder counts for more than a file of the same name."""
    if folder in folders:
        return
    start = 0
    while (end := folder.find("/", start)) >= 0:
        inside = folder[: end + 1]
        if inside not in folders:
            folders[inside] = {}
            folders[folder[:start]][folder[start:end]] = Entry(folder[start:end], is_folder=True)
        start = end + 1
