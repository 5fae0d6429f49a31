"""Work on datasets that takes time: bringing code in, examining, mapping, indexing and writing them out.

The pages start these as tasks, each in a process of its own; the command line calls them directly.
"""

import hashlib
import shutil
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from dlcodegen_core.config import Settings
from dlcodegen_core.errors import DatasetError, StorageError
from dlcodegen_core.storage.files import disk_errors, write_json_atomically

if TYPE_CHECKING:
    from dlcodegen_core.data.bringing_in import ImportRequest, Look
    from dlcodegen_core.data.doctor import DoctorOptions
    from dlcodegen_core.data.intake import FileRules
    from dlcodegen_core.data.store import DatasetInfo, DatasetStore, PairFilter
    from dlcodegen_core.evaluation.dataset_profile import DatasetProfile
    from dlcodegen_core.evaluation.embedding_map import EmbeddingMap
    from dlcodegen_core.features.embedders import Embedders
    from dlcodegen_core.retrieval import IndexState, Neighbour, PairIndex

Progress = Callable[[str, int, int], None]

THOUSANDTHS = 1_000
GIT_SECONDS = 300.0


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody listens to."""


class DatasetWorkshop:
    """Joins reading, cutting, storing and examining; thread-safe, since it holds nothing but its tools."""

    def __init__(self, settings: Settings, store: "DatasetStore", embedders: "Callable[[], Embedders]") -> None:
        self._settings = settings
        self._store = store
        self._embedders = embedders

    def look_into(self, path: Path, shown: str, rules: "FileRules", progress: Progress = silent) -> "Look":
        """What an import of a folder, an archive or a table would bring in. Raises DatasetError."""
        from dlcodegen_core.data.bringing_in import look_into

        return look_into(path, shown, rules, progress)

    def clone(self, address: str, branch: str, into: Path, progress: Progress = silent) -> str:
        """Fetch a git repository into a folder; its commit. Raises DatasetError."""
        from dlcodegen_core.data.intake import clone

        progress("fetching the repository", 0, 0)
        return clone(address, into, branch, timeout_seconds=GIT_SECONDS)

    def bring_in(self, request: "ImportRequest", progress: Progress = silent) -> "DatasetInfo":
        """Import a new dataset, whole or not at all. Raises DatasetError or StorageError."""
        from dlcodegen_core.data.bringing_in import import_dataset

        return import_dataset(self._store, request, progress)

    def examine(
        self, name: str, options: "DoctorOptions | None" = None, progress: Progress = silent
    ) -> Mapping[str, Any]:
        """Have the doctor look at the newest revision of a dataset; the report, which is kept with its flags.

        Raises DatasetError.
        """
        from dlcodegen_core.data.doctor import examine

        info = self._store.info(name)
        found = examine(
            ((row.id, row.pair) for row in self._store.each(name, revision=info.revision)),
            options,
            lambda what, share: progress(what, round(share * THOUSANDTHS), THOUSANDTHS),
        )
        report = {
            "verdict": found.verdict,
            "ready": found.ready,
            "pairs": found.pair_count,
            "held_out": found.held_out_count,
            "remarks": list(found.remarks),
            "findings": [
                {
                    "check": finding.check.key,
                    "count": finding.count,
                    "fixable": finding.fixable,
                    "examples": [list(example) for example in finding.examples],
                    "note": finding.note,
                }
                for finding in found.findings
            ],
        }
        self._store.keep_checkup(name, info.revision, found.flags, report)
        return report

    def profile(self, name: str) -> "DatasetProfile":
        """Lengths, coverage and balance of a dataset's newest revision, from a sample of it. Raises DatasetError."""
        from dlcodegen_core.evaluation.dataset_profile import EXAMINED_AT_MOST, profile_of

        info = self._store.info(name)
        rows = self._store.sample(name, EXAMINED_AT_MOST, revision=info.revision)
        return profile_of([row.pair for row in rows], info.pair_count)

    def map(self, name: str) -> "EmbeddingMap | None":
        """The map that was drawn of the newest revision, None if there is none yet. Raises DatasetError."""
        import json

        from dlcodegen_core.evaluation.embedding_map import EmbeddingMap

        try:
            return EmbeddingMap.from_json(json.loads(self._map_file(name).read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise StorageError(f"{name}: its map is damaged. Draw it again.") from exc

    def draw_map(self, name: str, progress: Progress = silent) -> "EmbeddingMap":
        """Draw the map of the newest revision and keep it. Raises DatasetError or EmbeddingError."""
        from dlcodegen_core.evaluation.embedding_map import POINTS_AT_MOST, draw_map

        info = self._store.info(name)
        rows = self._store.sample(name, POINTS_AT_MOST, revision=info.revision)
        drawn = draw_map(rows, info.revision, info.pair_count, self._embedders().for_training(), progress)
        write_json_atomically(self._map_file(name), drawn.to_json())
        return drawn

    @cached_property
    def _index(self) -> "PairIndex":
        from dlcodegen_core.retrieval import PairIndex
        from dlcodegen_core.retrieval.chroma import Chroma
        from dlcodegen_core.retrieval.index_locks import IndexLocks

        settings = self._settings
        chroma = Chroma(settings.chroma_folder, settings.chroma_host, settings.chroma_port)
        locks = IndexLocks(settings.chroma_folder)
        return PairIndex(self._store, chroma, locks, lambda: self._embedders().for_training())

    def build_index(self, name: str, progress: Progress = silent) -> "IndexState":
        """Index the prompts of the newest revision, or bring the index up to date after edits.

        Raises DatasetError, EmbeddingError, RetrievalError or StorageError.
        """
        return self._index.build(name, progress)

    def nearest(self, name: str, prompt: str, count: int) -> "list[Neighbour]":
        """At most `count` pairs whose prompts are most like this one, the most alike first.

        Raises as `build_index` does, RetrievalError also while there is no whole index.
        """
        return self._index.nearest(name, prompt, count)

    def index_state(self, name: str) -> "IndexState":
        """Whether there is an index and what it follows. Raises as `build_index` does."""
        return self._index.state(name)

    def write_out(
        self, name: str, file_format: str, out: Path, wanted: "PairFilter | None" = None, progress: Progress = silent
    ) -> Path:
        """Write a dataset's pairs, or those that match, to a file. Raises DatasetError or StorageError."""
        from dlcodegen_core.data.formats import FORMATS, write_pairs
        from dlcodegen_core.data.store.records import EVERYTHING

        if file_format not in FORMATS:
            raise DatasetError(f"{file_format!r} is no format of a dataset. Use one of: {', '.join(FORMATS)}.")
        info = self._store.info(name)

        def pairs() -> Any:
            for count, row in enumerate(self._store.each(name, wanted or EVERYTHING, info.revision), start=1):
                progress("writing pairs", count, info.pair_count)
                yield row.pair

        with disk_errors(out.name):
            out.parent.mkdir(parents=True, exist_ok=True)
            partial = out.with_name(f".{out.name}.partial")
            try:
                with partial.open("wb") as file:
                    write_pairs(pairs(), file_format, file)
                partial.replace(out)
            finally:
                partial.unlink(missing_ok=True)
        return out

    def keep_upload(self, name: str, content: bytes) -> Path:
        """Keep an uploaded file until it has been imported; the same content is kept once. Raises StorageError."""
        safe = "".join(character for character in PurePath(name).name if character.isalnum() or character in "._- ")
        folder = self._settings.uploads_folder / hashlib.sha256(content).hexdigest()[:32]
        path = folder / (safe[-80:].lstrip(". ") or "upload")
        with disk_errors(name):
            folder.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                partial = path.with_name(f".{path.name}.partial")
                partial.write_bytes(content)
                partial.replace(path)
        return path

    def forget_upload(self, path: Path) -> None:
        """Remove an uploaded file. Does nothing to any other path."""
        if path.parent.parent == self._settings.uploads_folder:
            shutil.rmtree(path.parent, ignore_errors=True)

    def _map_file(self, name: str) -> Path:
        return self._settings.home / "maps" / f"{self._store.info(name).fingerprint}.json"
