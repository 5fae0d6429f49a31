"""A fine-tuning from its request: reads parent and feedback, and runs the session of the parent's kind."""

from pathlib import Path

from dlcodegen_core.config import Settings
from dlcodegen_core.data.pairs import Pair, fingerprint
from dlcodegen_core.errors import DatasetError, ModelError, TrainingError
from dlcodegen_core.features.embedders import Embedders
from dlcodegen_core.features.embedding import CachedEmbedder
from dlcodegen_core.models.saved_model import load_card, load_model, load_sequence, load_start
from dlcodegen_core.models.version_folders import is_version_name
from dlcodegen_core.training.events import TrainMetrics
from dlcodegen_core.training.job import TrainRequest
from dlcodegen_core.training.phases import Surroundings
from dlcodegen_core.training.sources import pairs_of_version, source_of_version, stored_pairs
from dlcodegen_core.training.tuning.classifier_session import ClassifierFeedbackTuning, ClassifierParent
from dlcodegen_core.training.tuning.held_out import held_out_files
from dlcodegen_core.training.tuning.learned_source import LearnedSource
from dlcodegen_core.training.tuning.lessons import lessons_of
from dlcodegen_core.training.tuning.record import Feedback
from dlcodegen_core.training.tuning.sequence_session import SequenceParent, SequenceTuning


def run_tuning(request: TrainRequest, settings: Settings, around: Surroundings) -> TrainMetrics:
    """Fine-tune `request.parent` on the stored pairs that the request names. Raises WorkbenchError."""
    folder = parent_folder(request.parent, settings)
    card = load_card(folder)
    feedback = Feedback(request.dataset, request.revision, lessons_of(_taught_pairs(request, settings)))
    if card.is_sequence:
        parent = sequence_parent(folder, settings)
        return SequenceTuning(parent, feedback, request.config, request.name, around).run()
    return ClassifierFeedbackTuning(classifier_parent(folder, settings), feedback, request.name, around).run()


def embedder_for(request: TrainRequest, settings: Settings, embedders: Embedders) -> CachedEmbedder:
    """The embedder of a training; of a DeepCodeNet's fine-tuning, the one that its parent knows.

    Raises EmbeddingError if that is not at hand, or ModelError if the parent is gone.
    """
    if not request.parent or request.config.model == "sequence":
        return embedders.for_training()
    card = load_card(parent_folder(request.parent, settings))
    return embedders.for_identity(card.embedder, card.version)


def parent_folder(version: str, settings: Settings) -> Path:
    """Where the parent lies. Raises ModelError if it is gone."""
    folder = settings.versions_folder / version
    if not is_version_name(version) or not folder.is_dir():
        raise ModelError(f"There is no version {version!r} to fine-tune any more. Choose another one.")
    return folder


def sequence_parent(folder: Path, settings: Settings) -> SequenceParent:
    """A sequence model, and the files that it never learned. Raises ModelError or StorageError."""
    card, model, calibration = load_sequence(folder)
    learned = LearnedSource.of(model.source, card.tuning)
    held_out = held_out_files(card, learned, model.tokenizer, lambda: source_of_version(card, settings))
    return SequenceParent(card, model, calibration, load_start(folder), held_out)


def classifier_parent(folder: Path, settings: Settings) -> ClassifierParent:
    """A DeepCodeNet and its pairs. Raises ModelError, StorageError, or TrainingError if the pairs are gone."""
    card, network = load_model(folder)
    try:
        pairs = pairs_of_version(card, settings)
    except DatasetError as exc:
        raise TrainingError(
            f"{card.version} cannot be fine-tuned: a DeepCodeNet is kept from unlearning by the pairs that it learned, "
            f"and they are gone. {exc}"
        ) from exc
    if fingerprint(pairs) != card.dataset_fingerprint:
        raise TrainingError(
            f"{card.version} cannot be fine-tuned: the pairs of {card.dataset}, revision {card.dataset_revision}, are "
            "not those that it learned. Train a new version on them; then fine-tune that one."
        )
    return ClassifierParent(card, network, pairs)


def _taught_pairs(request: TrainRequest, settings: Settings) -> list[Pair]:
    assert request.revision is not None  # tuning_request gives one
    pairs = stored_pairs(request.dataset, request.revision, settings)
    if not pairs:
        raise TrainingError(f"{request.dataset} is empty, so there is nothing to learn. Accept or correct completions.")
    return pairs
