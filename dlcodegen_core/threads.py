"""One thread for the matrix products of NumPy, for the whole process.

The matrices here are small. Two threads of OpenBLAS gain little on them when the machine is quiet, and wait for each
other when anything else runs: a completion of 50 ms was seen to take 500. Known only by what multiplies.
"""

from functools import cache

from threadpoolctl import threadpool_limits


@cache
def one_blas_thread() -> None:
    """Set once; what NumPy has loaded by now stays at one thread until the process ends."""
    threadpool_limits(1, user_api="blas")
