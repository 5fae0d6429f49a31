"""What a network is measured on while it is fitted."""

import numpy as np
import pytest

from dlcodegen_core.models.sequence.tokenizer import END_OF_FILE
from dlcodegen_core.training.sequence.network_fitting import some_windows


def test_windows_are_spread_over_the_files():
    windows = some_windows([np.full(300, number) for number in range(1, 11)], 64)
    assert windows.shape == (8, 65)
    assert len({int(window.max()) for window in windows}) >= 7


@pytest.mark.parametrize("sizes", [[3, 4, 5], [1], [0, 2]])
def test_short_pieces_make_short_windows(sizes):
    pieces = [np.full(size, 7) for size in sizes]
    windows = some_windows(pieces, 256)
    assert windows.shape == (1, sum(sizes) + len(sizes))
    assert windows[0, 0] == END_OF_FILE


def test_nothing_held_out_is_no_window():
    assert some_windows([], 256).shape[0] == 0
