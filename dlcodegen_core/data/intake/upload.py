"""Reading the files of a folder that a browser sent, each with the path the browser gave it."""

from collections.abc import Iterable

from dlcodegen_core.data.intake.entries import MAX_FILE_BYTES, TOO_LARGE, Unreadable
from dlcodegen_core.data.intake.file_rules import FileRules
from dlcodegen_core.data.intake.file_tree import Member, tree_of
from dlcodegen_core.data.intake.progress import Heartbeat, Progress
from dlcodegen_core.data.intake.reading import judge, read_found
from dlcodegen_core.data.intake.walk import walk
from dlcodegen_core.data.source_files import SourceReading


def read_uploaded(
    files: Iterable[tuple[str, bytes]],
    progress: Progress | None = None,
    rules: FileRules | None = None,
    name: str = "The upload",
) -> SourceReading:
    """Read uploaded files, given by path and content; a path is trusted no further than inside the upload.

    progress hears (done, total) and may raise. name: what errors call the upload. Raises DatasetError if there are too
    many files or nothing in them can be used.
    """
    heartbeat = Heartbeat(progress)
    tree = tree_of((Member(path, _Content(content)) for path, content in files), name)
    walked = walk(tree, rules or FileRules(), name, heartbeat)
    walked.skipped[:0] = tree.refused
    return read_found(walked, map(judge, walked.files), name, "Upload a folder", heartbeat)


class _Content:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def __call__(self) -> bytes:
        if len(self._content) > MAX_FILE_BYTES:
            raise Unreadable(TOO_LARGE)
        return self._content
