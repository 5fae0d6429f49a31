"""One correction, told to a memory that nobody else knows and that is gone when it has been asked.

It is the same memory that answers in everyday use, over a database of its own in a temporary folder: what people
have taught is neither read nor changed.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.features.pipeline import compose
from dlcodegen_core.feedback.lessons import Lessons
from dlcodegen_core.feedback.memory import CorrectionMemory
from dlcodegen_core.inference.corrections import overlay
from dlcodegen_core.inference.prediction import Prediction, PredictionRequest
from dlcodegen_core.storage.database import open_database

# What an answer to a request becomes, now that something was taught.
Corrected = Callable[[Prediction, PredictionRequest], Prediction]
KIND = "edit"


@contextlib.contextmanager
def taught_once(request: PredictionRequest, text: str) -> Iterator[Corrected]:
    """Teach `text` as the completion of a request, and yield what that makes of answers.

    Raises DatasetError for texts that can be no pair, StorageError if the temporary folder cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'corrections.sqlite'}")
        try:
            datasets = DatasetStore(database)
            memory = CorrectionMemory(datasets)
            Lessons(datasets, memory).teach(compose(request.prompt, request.context), text, KIND)
            yield lambda prediction, asked: overlay(prediction, asked, memory)
        finally:
            database.dispose()
