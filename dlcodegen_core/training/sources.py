"""The data of a job: a stored revision, the copy of a dataset file in the job's folder, or a folder of source."""

from collections.abc import Sequence
from pathlib import Path

from dlcodegen_core.config import Settings
from dlcodegen_core.data.formats import read_dataset_file
from dlcodegen_core.data.intake import read_folder
from dlcodegen_core.data.pair_texts import texts_of_pairs
from dlcodegen_core.data.pairs import Pair, fingerprint
from dlcodegen_core.data.source_files import fingerprint_of
from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.storage.database import open_database
from dlcodegen_core.training.job import JobFolder, TrainRequest
from dlcodegen_core.training.sequence.source import SequenceSource
from dlcodegen_core.training.session import DataSource


def load_source(folder: JobFolder, request: TrainRequest, settings: Settings) -> DataSource:
    """Read the pairs that `request` names. Raises DatasetError or StorageError."""
    pairs = _pairs(folder, request, settings)
    return DataSource(pairs, request.dataset, request.revision, fingerprint(pairs))


def load_sequence_source(folder: JobFolder, request: TrainRequest, settings: Settings) -> SequenceSource:
    """Read the files, or the pairs as texts, that `request` names. Raises DatasetError or StorageError."""
    if request.folder:
        return folder_source(Path(request.folder), request.dataset)
    return pairs_source(_pairs(folder, request, settings), request.dataset, request.revision)


def folder_source(folder: Path, name: str) -> SequenceSource:
    """The source files of a folder. Raises DatasetError."""
    files = read_folder(folder).files
    return SequenceSource(files, name, None, fingerprint_of(files), str(folder))


def pairs_source(pairs: Sequence[Pair], name: str, revision: int | None) -> SequenceSource:
    """Pairs as the texts they were cut from."""
    files = texts_of_pairs(pairs)
    return SequenceSource(files, name, revision, fingerprint_of(files))


def _pairs(folder: JobFolder, request: TrainRequest, settings: Settings) -> list[Pair]:
    if request.revision is None:
        return read_dataset_file(folder.dataset_file)
    return DatasetStore(open_database(settings.database_url)).pairs(request.dataset, request.revision)
