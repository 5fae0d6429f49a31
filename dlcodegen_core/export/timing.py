"""How long a calculation takes: the median, of several in turn, so that what else runs slows all of them alike."""

import statistics
import time
from collections.abc import Callable, Mapping

FEWEST, MOST = 5, 200
SECONDS = 1.5


def medians_ms(
    calculations: Mapping[str, Callable[[], object]],
    seconds: float = SECONDS,
    now: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Milliseconds of each calculation, for about so many seconds in all, but at least five times each."""
    for calculate in calculations.values():
        calculate()  # the first time also allocates
    taken: dict[str, list[float]] = {name: [] for name in calculations}
    ends = now() + seconds
    for turn in range(MOST):
        if turn >= FEWEST and now() > ends:
            break
        for name, calculate in calculations.items():
            began = now()
            calculate()
            taken[name].append(now() - began)
    return {name: 1000 * statistics.median(values) for name, values in taken.items()}
