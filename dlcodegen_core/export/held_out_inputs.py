"""What exported files are checked on: what the version itself held out, and where that is gone, the next best.

    DeepCodeNet     features of samples of its held-out pairs; else of its other pairs; else random numbers, each spread
                    as in its training
    sequence model  windows of tokens of its held-out files; else of its other files; else of the source stored in it;
                    else, as for the base model, of Python's own library

`basis` says which it was. Whoever asks brings the data; nothing here opens a database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.data.demo import standard_library_pairs
from dlcodegen_core.data.pair_texts import texts_of_pairs
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.split import split_pairs
from dlcodegen_core.errors import DatasetError
from dlcodegen_core.features.embedding import CachedEmbedder
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.features.pipeline import FeaturePipeline
from dlcodegen_core.models.saved_model import ModelCard, load_training_features
from dlcodegen_core.models.sequence.tokenizer import END_OF_FILE, CodeTokenizer
from dlcodegen_core.models.training_features import PERCENTS
from dlcodegen_core.models.vocabulary import UNKNOWN, samples_of

SAMPLES = 1024
WINDOWS, WINDOW_TOKENS = 48, 128
LIBRARY_PAIRS = 400

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CheckedInputs:
    """rows: features (count, 544), or tokens (windows, length).

    targets: the class that comes next after each row, or each token of a window, -1 where no answer counts as right;
    None where nobody knows. files: which file or pair each row comes from. basis: where they come from, in words.
    """

    rows: NDArray[np.generic]
    targets: Ints | None
    files: tuple[str, ...]
    basis: str
    held_out: bool


def of_pairs(card: ModelCard, pairs: Sequence[Pair], embedder: CachedEmbedder) -> CheckedInputs:
    """Samples of the held-out pairs, cut as they were for the training; of all pairs where none were held out.

    Raises EmbeddingError.
    """
    config, vocabulary = card.config, card.vocabulary
    training, held_out = split_pairs(pairs, config.held_out, config.seed)
    samples = [
        sample
        for index in held_out or training
        for sample in samples_of(pairs[index].prompt, pairs[index].target, index, config.tokens_per_pair)
    ]
    samples = samples[:: -(-len(samples) // SAMPLES)]
    languages = [config.language or pairs[sample.pair].language for sample in samples]
    features = FeaturePipeline(card.keywords, embedder).transform([sample.text for sample in samples], languages)
    classes = np.array([vocabulary.class_of(sample.token) for sample in samples], np.int64)
    which = "held-out pairs" if held_out else "pairs it learned from, since none were held out,"
    return CheckedInputs(
        features,
        np.where(classes == UNKNOWN, -1, classes),
        tuple(pairs[sample.pair].source or f"pair {sample.pair}" for sample in samples),
        f"{len(samples):,} samples of {which} of {_named(card)}",
        bool(held_out),
    )


def of_the_spread(folder: Path, why: str) -> CheckedInputs:
    """Random features, each number spread as it was over the training samples. why: there is nothing better."""
    random = np.random.default_rng(0)
    spread = load_training_features(folder)
    shares = random.random((SAMPLES, DIMENSIONS))
    if spread is None:
        features = random.standard_normal((SAMPLES, DIMENSIONS))
    else:
        points = np.array(PERCENTS) / 100
        columns = (np.interp(shares[:, c], points, spread.quantiles[:, c]) for c in range(DIMENSIONS))
        features = np.stack(list(columns), axis=1)
    how = "each number spread as in its training" if spread else "since its training's were not kept"
    return CheckedInputs(
        features.astype(np.float32), None, (), f"{SAMPLES:,} random inputs, {how}: {why}", held_out=False
    )


def of_files(
    card: ModelCard, tokenizer: CodeTokenizer, training: Sequence[str], held_out: Sequence[str]
) -> CheckedInputs:
    """Windows of the held-out texts; of the others where none were held out or they are too short."""
    encoded = [tokens for tokens in tokenizer.encode_all(held_out) if len(tokens) > 1]
    if encoded:
        return _windows(encoded, f"held-out files of {_named(card)}", held_out=True)
    encoded = [tokens for tokens in tokenizer.encode_all(training) if len(tokens) > 1]
    return _windows(encoded, f"files of {_named(card)} that it learned from, since none were held out")


def of_stored_source(tokenizer: CodeTokenizer, tokens: NDArray[np.uint16], why: str) -> CheckedInputs:
    """Windows of the source that is stored in the model, which it has learned from; of Python's library if there is
    none, as in the base model. why: there is nothing better. Raises DatasetError if nothing is left to take.
    """
    if len(tokens) <= WINDOW_TOKENS:
        pairs = standard_library_pairs(LIBRARY_PAIRS)
        files = tokenizer.encode_all([file.text for file in texts_of_pairs(pairs)])
        return _windows(files, "Python's own library, which it may have learned from")
    ends = np.flatnonzero(tokens == END_OF_FILE)
    files = [file[file != END_OF_FILE].astype(np.int64) for file in np.split(tokens, ends)]
    return _windows([file for file in files if len(file) > 1], f"the source stored in it, which it learned from: {why}")


def _windows(files: Sequence[Ints], which: str, held_out: bool = False) -> CheckedInputs:
    """Windows spread evenly over the files, one after the other with a mark between them, as a training reads them.

    Raises DatasetError if the files hold nothing.
    """
    if not files:
        raise DatasetError("There is no text to check the exported file on. Train the version on some source first.")
    stream = np.concatenate([np.concatenate([[END_OF_FILE], file]) for file in files]).astype(np.int64)
    begins = np.cumsum([0, *(len(file) + 1 for file in files)])
    length = min(WINDOW_TOKENS, len(stream) - 1)
    starts = np.unique(np.linspace(0, len(stream) - length - 1, WINDOWS).astype(np.int64))
    windows = stream[starts[:, None] + np.arange(length + 1)]
    owners = np.searchsorted(begins, starts, side="right") - 1
    basis = f"{len(windows):,} windows of {length:,} tokens from {which}"
    return CheckedInputs(windows[:, :-1], windows[:, 1:], tuple(f"file {owner}" for owner in owners), basis, held_out)


def _named(card: ModelCard) -> str:
    return f"“{card.dataset}”" + (f", revision {card.dataset_revision}" if card.dataset_revision else "")
