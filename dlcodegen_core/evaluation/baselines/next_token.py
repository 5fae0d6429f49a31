"""Baselines that classify: the line's first code token from the 544 features, by scikit-learn and by DeepCodeNet.

They know no more of the line than that token, so it is their whole guess. The probability of a token says nothing
about the line, so there is no confidence. Most of their time is the embedding of the prompt; one that the cache has,
because another system asked for it, takes none.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.data.split import split_pairs
from dlcodegen_core.evaluation.baselines.line_system import LineGuess
from dlcodegen_core.evaluation.baselines.training_lines import last_characters, training_lines
from dlcodegen_core.features.embedding import CachedEmbedder, Progress
from dlcodegen_core.features.keywords import KeywordVectorizer
from dlcodegen_core.features.pipeline import FeaturePipeline
from dlcodegen_core.models.forward_pass import ForwardPass
from dlcodegen_core.models.vocabulary import UNKNOWN, Vocabulary, samples_of
from dlcodegen_core.threads import one_torch_thread

LEARNED_LINES = 1_500
HIDDEN_UNITS = 256
MLP_EPOCHS = 40


@dataclass(frozen=True, slots=True)
class FirstTokens:
    """First tokens of training lines, ready to be learned: features (samples, 544), classes (samples,).

    pairs: the same as prompts and targets, to be split by file.
    """

    pairs: Sequence[Pair]
    features: NDArray[np.float32]
    classes: NDArray[np.int64]
    vocabulary: Vocabulary
    pipeline: FeaturePipeline

    @classmethod
    def cut(
        cls,
        files: Sequence[SourceFile],
        embedder: CachedEmbedder,
        config: TrainConfig,
        limit: int = LEARNED_LINES,
        progress: Progress | None = None,
    ) -> "FirstTokens":
        """Draw the lines and compute their features. Raises DatasetError, EmbeddingError."""
        lines = training_lines(files, limit, config.seed, last_characters)
        pairs = [Pair(line.context, line.line, line.language, line.path) for line in lines]
        samples = [samples_of(pair.prompt, pair.target, index, tokens=1)[0] for index, pair in enumerate(pairs)]
        vocabulary = Vocabulary.build(samples, config.vocabulary_size)
        pipeline = FeaturePipeline(KeywordVectorizer.fit(sample.text for sample in samples), embedder)
        # the language is left to detection, because a prompt to be completed does not tell it either
        features = pipeline.transform([pair.prompt for pair in pairs], [None] * len(pairs), progress)
        classes = np.array([vocabulary.class_of(sample.token) for sample in samples], np.int64)
        return cls(pairs, features, classes, vocabulary, pipeline)

    def features_of(self, prompt: str) -> NDArray[np.float32]:
        """The features of one prompt, shape (1, 544). Raises EmbeddingError."""
        return self.pipeline.transform([last_characters(prompt)], [None])

    def guess(self, class_number: int) -> LineGuess:
        return LineGuess(self.vocabulary.text_of(class_number).rstrip())


class MlpNextToken:
    """scikit-learn's MLPClassifier with one hidden layer. Raises DatasetError, EmbeddingError."""

    name = "scikit-learn MLP (next token)"

    def __init__(
        self,
        files: Sequence[SourceFile],
        embedder: CachedEmbedder,
        limit: int = LEARNED_LINES,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier
        from threadpoolctl import threadpool_limits

        self._learned = FirstTokens.cut(files, embedder, TrainConfig(seed=seed), limit, progress)
        self._classifier = MLPClassifier((HIDDEN_UNITS,), max_iter=MLP_EPOCHS, random_state=seed)
        # its many small products are slower on several threads
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._classifier.fit(self._learned.features, self._learned.classes)

    def complete(self, prompt: str) -> LineGuess:
        probabilities = self._classifier.predict_proba(self._learned.features_of(prompt))[0]
        offered = np.where(self._classifier.classes_ == UNKNOWN, -1, probabilities)
        return self._learned.guess(int(self._classifier.classes_[np.argmax(offered)]))


class DeepCodeNetNextToken:
    """The seed network, trained by the project's own trainer; its best epoch is chosen on held-out files.

    Raises DatasetError, EmbeddingError, TrainingError.
    """

    name = "DeepCodeNet (next token)"

    def __init__(
        self,
        files: Sequence[SourceFile],
        embedder: CachedEmbedder,
        limit: int = LEARNED_LINES,
        config: TrainConfig | None = None,
        progress: Progress | None = None,
    ) -> None:
        import torch

        from dlcodegen_core.training.trainer import Split, Trainer

        config = config or TrainConfig()
        self._learned = FirstTokens.cut(files, embedder, config, limit, progress)
        features, classes = torch.from_numpy(self._learned.features), torch.from_numpy(self._learned.classes)
        training, held_out = (
            Split(features[rows], classes[rows])
            for rows in split_pairs(self._learned.pairs, config.held_out, config.seed)
        )
        trainer = Trainer(config, len(self._learned.vocabulary), training, held_out)
        with one_torch_thread():
            for _result in trainer.epochs():
                pass
        weights = {name: tensor.numpy() for name, tensor in trainer.best_weights.items()}
        self._network = ForwardPass(weights, config.hidden_layers, len(self._learned.vocabulary))

    def complete(self, prompt: str) -> LineGuess:
        offered = self._network.log_probabilities(self._learned.features_of(prompt))[0]
        offered[UNKNOWN] = -np.inf
        return self._learned.guess(int(np.argmax(offered)))
