"""The spread of the 544 numbers over the training samples, in few bytes."""

import numpy as np
import pytest

from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models import training_features
from dlcodegen_core.models.training_features import PERCENTS, TrainingFeatures


def _samples(count: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, DIMENSIONS)).astype(np.float32)


def test_mean_and_quantiles_are_numpys_up_to_half_precision() -> None:
    samples = _samples(333)
    found = TrainingFeatures.of(samples)
    np.testing.assert_allclose(found.mean, samples.mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(found.quantiles, np.quantile(samples, np.array(PERCENTS) / 100, axis=0), atol=2e-3)
    assert PERCENTS[0] == 0 and PERCENTS[-1] == 100 and len(PERCENTS) == 21


def test_of_many_samples_an_even_part_is_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_features, "SAMPLES_FOR_QUANTILES", 50)
    samples = np.repeat(np.arange(120, dtype=np.float32)[:, np.newaxis], DIMENSIONS, axis=1)
    found = TrainingFeatures.of(samples)
    assert (found.quantiles[0] == 0).all() and (found.quantiles[-1] == 117).all()
    assert (found.mean == 59.5).all(), "the mean is that of all"


def test_one_sample_is_its_own_mean_and_quantiles() -> None:
    sample = _samples(1)
    found = TrainingFeatures.of(sample)
    assert (found.mean == sample[0].astype(np.float16)).all()
    assert (found.quantiles == found.mean).all()


def test_they_take_24_kilobytes() -> None:
    found = TrainingFeatures.of(_samples(40))
    assert found.mean.nbytes + found.quantiles.nbytes == 22 * DIMENSIONS * 2
