"""From pairs to what DeepCodeNet is fitted on: samples, vocabulary, keywords, features and classes of both splits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.split import split_pairs
from dlcodegen_core.features.embedding import CachedEmbedder, Progress
from dlcodegen_core.features.keywords import KeywordVectorizer
from dlcodegen_core.features.pipeline import FeaturePipeline
from dlcodegen_core.models.vocabulary import Sample, Vocabulary, samples_of
from dlcodegen_core.training.trainer import Split


@dataclass(frozen=True, slots=True)
class PreparedSamples:
    """All samples with their features, shape (samples, 544), and classes; the training split comes first.

    training: how many of the samples are learned from.
    """

    samples: tuple[Sample, ...]
    training: int
    vocabulary: Vocabulary
    keywords: KeywordVectorizer
    features: NDArray[np.float32]
    classes: NDArray[np.int64]

    @property
    def held_out(self) -> int:
        return len(self.samples) - self.training

    def split(self, rows: Sequence[int] | slice) -> Split:
        """Some of the samples as tensors."""
        features = np.ascontiguousarray(self.features[rows])
        return Split(torch.from_numpy(features), torch.from_numpy(np.ascontiguousarray(self.classes[rows])))


def prepare_samples(
    pairs: Sequence[Pair],
    config: TrainConfig,
    embedder: CachedEmbedder,
    on_embedding: Progress = lambda done, total: None,
    on_features: Progress = lambda done, total: None,
) -> PreparedSamples:
    """Split the pairs, learn vocabulary and keywords from the training split, and compute all features.

    Raises DatasetError or EmbeddingError.
    """
    training_pairs, held_out_pairs = split_pairs(pairs, config.held_out, config.seed)
    training = _samples(pairs, training_pairs, config)
    samples = (*training, *_samples(pairs, held_out_pairs, config))
    vocabulary = Vocabulary.build(training, config.vocabulary_size, (pairs[index].target for index in training_pairs))
    keywords = KeywordVectorizer.fit(sample.text for sample in training)
    on_embedding(0, len(samples))
    languages = [config.language or pairs[sample.pair].language for sample in samples]
    features = FeaturePipeline(keywords, embedder).transform(
        [sample.text for sample in samples], languages, on_embedding, on_features
    )
    classes = np.array([vocabulary.class_of(sample.token) for sample in samples], np.int64)
    return PreparedSamples(samples, len(training), vocabulary, keywords, features, classes)


def _samples(pairs: Sequence[Pair], chosen: Sequence[int], config: TrainConfig) -> list[Sample]:
    return [
        sample
        for index in chosen
        for sample in samples_of(pairs[index].prompt, pairs[index].target, index, config.tokens_per_pair)
    ]
