"""The data of a job: a stored revision, the copy of a dataset file in the job's folder, or a folder of source; and
what a version learned from, as it is now."""

from collections.abc import Sequence
from pathlib import Path

from dlcodegen_core.config import Settings
from dlcodegen_core.data.formats import read_dataset_file
from dlcodegen_core.data.intake import read_folder
from dlcodegen_core.data.pair_texts import texts_of_pairs
from dlcodegen_core.data.pairs import Pair, fingerprint
from dlcodegen_core.data.source_files import fingerprint_of
from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.errors import DatasetError
from dlcodegen_core.models.saved_model import ModelCard
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


def source_of_version(card: ModelCard, settings: Settings) -> SequenceSource:
    """What a sequence model was trained on, which may have changed since: compare fingerprints. Raises DatasetError."""
    if card.source_folder:
        return folder_source(Path(card.source_folder), card.dataset)
    return pairs_source(pairs_of_version(card, settings), card.dataset, card.dataset_revision)


def pairs_of_version(card: ModelCard, settings: Settings) -> list[Pair]:
    """The pairs that a version was trained on. Raises DatasetError if they are gone, or were never kept."""
    if card.origin:
        raise DatasetError(f"{card.version} was imported, and what it learned from stayed where it was trained.")
    if card.dataset_revision is None:
        raise DatasetError(f"{card.version} was trained on a file that is not kept. Import it as a dataset and train.")
    return stored_pairs(card.dataset, card.dataset_revision, settings)


def stored_pairs(dataset: str, revision: int, settings: Settings) -> list[Pair]:
    """The pairs of a revision of a stored dataset. Raises DatasetError or StorageError."""
    return DatasetStore(open_database(settings.database_url)).pairs(dataset, revision)


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
    return stored_pairs(request.dataset, request.revision, settings)
