"""A vector told by its groups."""

import numpy as np

from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.inference.breakdown import break_down

NAMES = tuple(f"dimension {number}" for number in range(DIMENSIONS))


def test_the_strongest_of_each_group_come_first_by_absolute_value():
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[[3, 5, 400]] = (0.5, -2.0, 1.0)
    embedding, keywords, ast, _syntax = break_down(vector, NAMES)
    assert [(named.index, named.value) for named in embedding.strongest] == [(5, -2.0), (3, 0.5)]
    assert keywords.strongest[0].name == "dimension 400"
    assert (embedding.active, ast.active, ast.strongest) == (2, 0, ())
