"""The pairs of a job: a stored revision, or the copy of a dataset file that lies in the job's folder."""

from dlcodegen_core.config import Settings
from dlcodegen_core.data.formats import read_dataset_file
from dlcodegen_core.data.pairs import fingerprint
from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.storage.database import open_database
from dlcodegen_core.training.job import JobFolder, TrainRequest
from dlcodegen_core.training.session import DataSource


def load_source(folder: JobFolder, request: TrainRequest, settings: Settings) -> DataSource:
    """Read the pairs that `request` names. Raises DatasetError or StorageError."""
    if request.revision is None:
        pairs = read_dataset_file(folder.dataset_file)
    else:
        pairs = DatasetStore(open_database(settings.database_url)).pairs(request.dataset, request.revision)
    return DataSource(pairs, request.dataset, request.revision, fingerprint(pairs))
