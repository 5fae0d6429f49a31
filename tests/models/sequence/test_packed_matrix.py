"""A matrix of 8-bit weights against the matrix itself."""

import numpy as np
import pytest

from dlcodegen_core.models.sequence.packed_matrix import PackedMatrix


@pytest.mark.parametrize("shape", [(16, 3), (96, 40), (256, 300), (1024, 256)])
@pytest.mark.parametrize("rows", [1, 4, 150])
def test_products_are_within_a_hundredth_of_their_spread(shape, rows):
    random = np.random.default_rng(0)
    weights = random.standard_normal(shape).astype(np.float32)
    x = random.standard_normal((rows, shape[0])).astype(np.float32)
    exact = x @ weights
    error = PackedMatrix(weights)(x) - exact
    assert np.sqrt((error**2).mean()) < 0.02 * exact.std()


def test_leading_axes_are_kept():
    weights = np.eye(16, dtype=np.float32)
    assert PackedMatrix(weights)(np.ones((2, 5, 16), np.float32)).shape == (2, 5, 16)


def test_a_column_of_zeros_gives_zeros():
    weights = np.zeros((16, 2), np.float32)
    weights[:, 1] = 1
    assert PackedMatrix(weights)(np.ones((1, 16), np.float32))[0].tolist() == pytest.approx([0, 16], abs=0.1)


def test_inputs_that_fit_no_block_are_refused():
    with pytest.raises(ValueError, match="10 inputs"):
        PackedMatrix(np.zeros((10, 4), np.float32))
