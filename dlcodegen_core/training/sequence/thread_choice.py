"""Chooses how many threads a step of training pays with, by timing some: all cores, or half of them.

On a quiet machine all cores are fastest. Beside anything else that runs, the threads of a step wait for the slowest
of them, and half as many are faster by a factor of two to five. Which of the two it is can change at any time.
"""

import os
from collections.abc import Callable

import torch

PROBE_AFTER_SECONDS, PROBE_AFTER_AT_MOST = 5.0, 80.0


class ThreadChoice:
    """Call `timed` for every step. The number of threads it leaves set is the one chosen."""

    def __init__(self, now: Callable[[], float], threads: int = 0, cores: int | None = None) -> None:
        """threads: so many and no others, if it is not 0."""
        cores = cores or os.cpu_count() or 1
        self._now = now
        self._options = [threads] if threads else sorted({cores, max(1, cores // 2)}, reverse=True)
        self.used = self._options[0]  # by the last step
        self._seconds: dict[int, float] = {}
        self._probed_at = now()
        self._wait = PROBE_AFTER_SECONDS

    @property
    def chosen(self) -> int:
        """The number of threads of the fastest step seen lately."""
        return min(self._options, key=lambda option: self._seconds.get(option, 0.0))

    def timed(self, step: Callable[[], torch.Tensor]) -> torch.Tensor:
        """Take a step, mostly with the number of threads that was fastest, now and then with another one."""
        threads = before = self.chosen
        if len(self._seconds) == len(self._options) and self._now() - self._probed_at >= self._wait:
            self._probed_at = self._now()
            threads = self._options[(self._options.index(threads) + 1) % len(self._options)]
        self.used = threads
        torch.set_num_threads(threads)
        began = self._now()
        result = step()
        self._seconds[threads] = self._now() - began
        if threads != before:
            # A look at the slower one is dear, so it is taken the less often the longer nothing changes.
            unchanged = self.chosen == before
            self._wait = min(2 * self._wait, PROBE_AFTER_AT_MOST) if unchanged else PROBE_AFTER_SECONDS
        torch.set_num_threads(self.chosen)
        return result
