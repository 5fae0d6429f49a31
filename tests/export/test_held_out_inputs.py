"""What exported files are checked on, and that it says where that comes from."""

import dataclasses
from collections import Counter

import numpy as np
import pytest

from dlcodegen_core.data.split import split_pairs
from dlcodegen_core.errors import DatasetError
from dlcodegen_core.export.held_out_inputs import (
    SAMPLES,
    WINDOW_TOKENS,
    WINDOWS,
    of_files,
    of_pairs,
    of_stored_source,
    of_the_spread,
)
from dlcodegen_core.features.embedding import CachedEmbedder
from dlcodegen_core.features.embedding_store import EmbeddingStore
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models.saved_model import load_card, load_start, load_training_features
from dlcodegen_core.models.sequence.tokenizer import END_OF_FILE
from tests.doubles import CountingEmbedder
from tests.export.small_versions import PAIRS, TEXTS


@pytest.fixture
def embedder(tmp_path):
    store = EmbeddingStore(tmp_path / "embeddings.sqlite")
    yield CachedEmbedder(CountingEmbedder(), store)
    store.close()


@pytest.fixture(scope="module")
def tokenizer(versions):
    return load_start(versions / "v2").tokenizer


def test_deepcodenet_is_checked_on_its_held_out_pairs(versions, embedder):
    card = load_card(versions / "v1")
    found = of_pairs(card, PAIRS, embedder)
    _training, held_out = split_pairs(PAIRS, card.config.held_out, card.config.seed)
    assert found.held_out and "held-out pairs of “words”" in found.basis
    assert found.rows.shape == (len(held_out), DIMENSIONS)
    words = Counter(PAIRS[index].target.removesuffix("()") for index in held_out)
    classes = {word: card.vocabulary.class_of(word) for word in words}
    assert Counter(found.targets.tolist()) == Counter({classes[word]: count for word, count in words.items()})


def test_a_token_outside_the_vocabulary_is_never_right(versions, embedder):
    card = dataclasses.replace(load_card(versions / "v1"), tokens=("open",))
    assert set(of_pairs(card, PAIRS, embedder).targets.tolist()) <= {-1, card.vocabulary.class_of("open")}


def test_where_nothing_was_held_out_it_says_so(versions, embedder):
    card = load_card(versions / "v1")
    card = dataclasses.replace(card, config=dataclasses.replace(card.config, held_out=0.0))
    found = of_pairs(card, PAIRS, embedder)
    assert not found.held_out and "none were held out" in found.basis
    assert len(found.rows) == len(PAIRS)


def test_without_its_pairs_deepcodenet_is_checked_on_numbers_spread_as_in_its_training(versions):
    found = of_the_spread(versions / "v1", "the dataset is gone")
    spread = load_training_features(versions / "v1")
    assert found.rows.shape == (SAMPLES, DIMENSIONS) and found.rows.dtype == np.float32
    assert found.targets is None and not found.held_out and "the dataset is gone" in found.basis
    np.testing.assert_allclose(np.median(found.rows, axis=0), spread.quantiles[10], atol=0.15)
    assert (found.rows >= spread.quantiles[0] - 1e-3).all() and (found.rows <= spread.quantiles[-1] + 1e-3).all()


def test_a_window_s_targets_are_its_tokens_one_further(versions, tokenizer):
    found = of_files(load_card(versions / "v2"), tokenizer, [], TEXTS)
    assert found.held_out and "held-out files" in found.basis
    assert found.rows.shape == found.targets.shape == (WINDOWS, WINDOW_TOKENS)
    np.testing.assert_array_equal(found.rows[:, 1:], found.targets[:, :-1])
    assert found.rows[0, 0] == END_OF_FILE
    assert set(found.files) == {f"file {number}" for number in range(len(TEXTS))}


def test_files_too_short_for_a_window_make_shorter_ones(versions, tokenizer):
    found = of_files(load_card(versions / "v2"), tokenizer, [], ["x = 1\n", "", "y = x + 1\n"])
    assert 0 < found.rows.shape[1] < WINDOW_TOKENS
    assert tokenizer.decode([*found.rows[0], found.targets[0, -1]]) == "x = 1\ny = x + 1\n"


def test_nothing_held_out_falls_back_to_what_was_learned(versions, tokenizer):
    found = of_files(load_card(versions / "v2"), tokenizer, TEXTS, [""])
    assert not found.held_out and "none were held out" in found.basis


def test_stored_source_is_cut_at_its_files_ends(tokenizer):
    stored = np.concatenate([np.append(tokens, END_OF_FILE) for tokens in tokenizer.encode_all(TEXTS)])
    found = of_stored_source(tokenizer, stored.astype(np.uint16), "the folder is gone")
    assert not found.held_out and "the folder is gone" in found.basis
    assert tokenizer.decode(found.rows[0]) in TEXTS[0]
    assert set(found.files) == {f"file {number}" for number in range(len(TEXTS))}


def test_a_model_without_source_is_checked_on_pythons_own_library(tokenizer):
    found = of_stored_source(tokenizer, np.zeros(1, np.uint16), "it ships so")
    assert "Python's own library" in found.basis
    assert found.rows.shape == (WINDOWS, WINDOW_TOKENS)


def test_no_text_at_all_is_told(versions, tokenizer):
    with pytest.raises(DatasetError, match="no text"):
        of_files(load_card(versions / "v2"), tokenizer, [""], [])
