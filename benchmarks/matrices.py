"""What rows times a matrix take: NumPy in float32 against the 8-bit matrices of the sequence model, on one thread.

python -m benchmarks.matrices
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from dlcodegen_core.models.sequence.packed_matrix import PackedMatrix
from dlcodegen_core.threads import one_blas_thread

INPUTS, OUTPUTS = 256, 8192
ROWS = (1, 2, 4, 8, 144)
MATRICES = 4  # used in turn, so that none stays in the processor's cache
TIMES = 100


def main() -> int:
    """Time and print."""
    one_blas_thread()
    random = np.random.default_rng(0)
    full = [random.standard_normal((INPUTS, OUTPUTS)).astype(np.float32) for _matrix in range(MATRICES)]
    packed = [PackedMatrix(matrix) for matrix in full]
    print(f"| rows of {INPUTS} times {INPUTS} x {OUTPUTS} | NumPy, float32 | 8 bits |\n|---|---|---|")
    for rows in ROWS:
        x = random.standard_normal((rows, INPUTS)).astype(np.float32)
        plain = _milliseconds(lambda turn, x=x: x @ full[turn])
        rounded = _milliseconds(lambda turn, x=x: packed[turn](x))
        print(f"| {rows} | {plain:.2f} ms | {rounded:.2f} ms |")
    return 0


def _milliseconds(product: Callable[[int], object]) -> float:
    """The median."""
    taken = []
    for number in range(TIMES):
        began = time.perf_counter()
        product(number % MATRICES)
        taken.append(time.perf_counter() - began)
    return 1000 * float(np.median(taken))


if __name__ == "__main__":
    sys.exit(main())
