"""Next-token quality of one version on a list of pairs: accuracy, top-5, loss and calibration.

The samples are cut as they were for the version's training. Nothing is learned from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.features.embedding import Progress
from dlcodegen_core.inference.predictor import LoadedModel
from dlcodegen_core.models.reliability import expected_calibration_error
from dlcodegen_core.models.vocabulary import UNKNOWN, samples_of


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Means over `samples` next tokens.

    A token outside the vocabulary counts as a miss. loss is the mean cross-entropy in nats, unknown as a class of
    its own. calibration_error: expected gap between confidence and accuracy over ten equal bins (ECE), 0..1.
    """

    version: str
    pairs: int
    samples: int
    accuracy: float
    top_5_accuracy: float
    loss: float
    mean_confidence: float
    calibration_error: float
    unknown_share: float

    @property
    def sentence(self) -> str:
        """The result for a terminal."""
        return (
            f"{self.version} on {self.samples} samples: accuracy {self.accuracy:.3f}, top 5 {self.top_5_accuracy:.3f}, "
            f"loss {self.loss:.3f}, calibration error {self.calibration_error:.3f}"
        )


def evaluate_version(model: LoadedModel, pairs: Sequence[Pair], progress: Progress | None = None) -> Evaluation:
    """Ask the model for every sample's next token. Raises EmbeddingError."""
    config = model.card.config
    samples = [
        sample
        for index, pair in enumerate(pairs)
        for sample in samples_of(pair.prompt, pair.target, index, config.tokens_per_pair)
    ]
    languages = [config.language or pairs[sample.pair].language for sample in samples]
    features = model.pipeline.transform([sample.text for sample in samples], languages, progress)
    truth = np.array([model.vocabulary.class_of(sample.token) for sample in samples])
    log_probabilities = model.network.log_probabilities(features).astype(np.float64)
    loss = -log_probabilities[np.arange(len(truth)), truth].mean()
    offered = log_probabilities.copy()
    offered[:, UNKNOWN] = -np.inf
    ranked = np.argsort(-offered, axis=1, kind="stable")[:, :5]
    known = truth != UNKNOWN
    hits = (ranked[:, 0] == truth) & known
    confidence = np.exp(offered.max(axis=1))
    return Evaluation(
        version=model.card.version,
        pairs=len(pairs),
        samples=len(samples),
        accuracy=float(hits.mean()),
        top_5_accuracy=float(((ranked == truth[:, None]).any(axis=1) & known).mean()),
        loss=float(loss),
        mean_confidence=float(confidence.mean()),
        calibration_error=expected_calibration_error(confidence, hits),
        unknown_share=float(1 - known.mean()),
    )
