"""Every error this package raises on purpose, drawn as a tree.

WorkbenchError
├── ConfigError             a setting or an option is out of range
├── DatasetError            a dataset file or a pair cannot be used
│   └── EditConflict        somebody saved a newer revision first
├── EmbeddingError          a text could not be turned into a vector
│   ├── EmbedderUnavailable no server answers, or it answers with failures
│   ├── EmbeddingModelMissing   the server lacks the model
│   └── EmbedderMismatch    the model was trained on another embedder's vectors
├── RetrievalError          the nearest training pairs cannot be found, or their index not be built
├── RequestError            a prediction was asked for in a way that cannot be answered
│   └── FeedbackMissing     there is no such feedback, or no longer
├── ModelError              a saved model is missing, damaged or unusable
├── TrainingError           a training could not start or go on
│   └── TrainingCancelled   it was stopped before there was anything to keep
├── ExperimentError         an A/B test cannot be started, or something cannot be counted in it
├── OfflineError            another machine would have been asked, and the workbench is to stay offline
├── StoryError              a story cannot be made, or its file is missing, damaged or foreign
└── StorageError            the disk is full, read-only or otherwise refuses

A message says what happened, to what, and what to do next; it is shown to people as it stands.
"""


class WorkbenchError(Exception):
    """Base of the family; `str(error)` is fit to be shown to a person."""


class ConfigError(WorkbenchError):
    """A setting or an option is out of range."""


class DatasetError(WorkbenchError):
    """A dataset file or one of its pairs cannot be used."""


class EditConflict(DatasetError):
    """The dataset moved on to a newer revision since the editor read it."""


class EmbeddingError(WorkbenchError):
    """A text could not be turned into a vector."""


class EmbedderUnavailable(EmbeddingError):
    """The embedding server does not answer, or answers with failures."""


class EmbeddingModelMissing(EmbeddingError):
    """The embedding server answers but does not have the model."""


class EmbedderMismatch(EmbeddingError):
    """The model was trained on vectors of another embedder than the one at hand."""


class RetrievalError(WorkbenchError):
    """The index of a dataset cannot be built, read or asked. Predictions do without it."""


class RequestError(WorkbenchError):
    """A prediction was asked for in a way that cannot be answered."""


class FeedbackMissing(RequestError):
    """What is named was never said about a completion, or it was undone."""


class ModelError(WorkbenchError):
    """A saved model is missing, damaged or made by an incompatible version."""


class TrainingError(WorkbenchError):
    """A training could not be started or carried on."""


class TrainingCancelled(TrainingError):
    """A training was stopped before it had anything worth keeping."""


class ExperimentError(WorkbenchError):
    """An A/B test cannot be started or found, or something cannot be counted in it."""


class OfflineError(WorkbenchError, ConnectionError):
    """Another machine would have been asked, but the workbench is to stay offline.

    A ConnectionError as well, so that whoever handles a server that is away handles this too.
    """


class StoryError(WorkbenchError):
    """A story cannot be made, or its file is missing, damaged or made by another version."""


class StorageError(WorkbenchError):
    """The disk is full, read-only or otherwise refuses to keep something."""
