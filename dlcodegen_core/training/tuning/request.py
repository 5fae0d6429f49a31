"""The request to fine-tune a version, made without loading what it takes to do it."""

from dataclasses import replace

from dlcodegen_core.errors import TrainingError
from dlcodegen_core.models import base_model
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.training.job import TrainRequest

SEQUENCE_SECONDS = 30.0
CLASSIFIER_ROUNDS = 30


def tuning_request(parent: ModelCard, dataset: str, revision: int, name: str = "") -> TrainRequest:
    """The request to fine-tune a version on a revision of a stored dataset of accepted and corrected completions.

    Raises TrainingError for the base model, which keeps nothing of what it learned that harm could be measured on.
    """
    if parent.version == base_model.NAME:
        raise TrainingError(
            "The base model cannot be fine-tuned on feedback: nothing that it learned is at hand to measure harm on. "
            "Train a version on your own code first; that one then learns from your feedback."
        )
    limits = {"seconds": SEQUENCE_SECONDS} if parent.is_sequence else {"seconds": None, "epochs": CLASSIFIER_ROUNDS}
    return TrainRequest(dataset, revision, replace(parent.config, **limits), name, parent=parent.version)
