"""One thread for matrix products: NumPy's for the whole process, PyTorch's for a while.

The matrices here are small. Two threads of OpenBLAS gain little on them when the machine is quiet, and wait for each
other when anything else runs: a completion of 50 ms was seen to take 500. Known only by what multiplies.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import threadpool_limits


@cache
def one_blas_thread() -> None:
    """Set once; what NumPy has loaded by now stays at one thread until the process ends."""
    threadpool_limits(1, user_api="blas")


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """PyTorch with one thread; as many as before afterwards. On a busy machine its small products waited for each
    other, 28 s instead of 0.3 s."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
