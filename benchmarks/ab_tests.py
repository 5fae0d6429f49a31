"""How often an A/B test finds a difference that is not there, and how many answers it takes to find one that is.

    python -m benchmarks.ab_tests [--tests 2000] [--answers 2000]

Plays tests through with made-up answers of known rates, looking after every pair: the test of the workbench, and beside
it the z-test at 5 % that is looked at as often. Then times the look-up that is on the way of every prediction.
"""

import argparse
import itertools
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import percentile
from dlcodegen_core.experiments import Arm, ExperimentStore
from dlcodegen_core.experiments.planning import answers_needed
from dlcodegen_core.experiments.simulation import endings, naive_endings
from dlcodegen_core.storage.database import open_database

RATES = (0.1, 0.3, 0.5)
DIFFERENCE = 0.1
SMALLER = (0.25, 0.32)
UNEVEN = (4, 1)  # answers of each arm in a block, for 80 to 20
LOOK_UPS, FRESH_LOOKS = 20_000, 500


def main() -> int:
    """Simulate, time, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=2000)
    parser.add_argument("--answers", type=int, default=2000, help="of each arm, at most")
    options = parser.parse_args()
    tests, answers = options.tests, options.answers

    print(f"{tests:,} tests each, looked at after every pair, up to {answers:,} answers an arm; in brackets 95 %.\n")
    print("| no difference, both at | wrongly found one | a z-test looked at as often |\n|---|---|---|")
    for rate in RATES:
        ours = _share(endings(rate, rate, tests, answers, seed=1))
        print(f"| {rate:.0%} | {ours} | {_share(naive_endings(rate, rate, tests, answers, seed=1))} |", flush=True)
    blocks = answers // max(UNEVEN)
    uneven = _share(endings(0.3, 0.3, tests, blocks, seed=1, sizes=UNEVEN))
    print(f"| 30%, traffic 80 to 20 | {uneven} | – |")

    print("\n| a difference | ended | answers an arm: half of them by | 8 of 10 by | as the page foretells |")
    print("|---|---|---|---|---|")
    for first, second in (*((rate, rate + DIFFERENCE) for rate in RATES), SMALLER):
        ended = endings(first, second, tests, answers, seed=2)
        told = [answers_needed(first, second, chance=chance) for chance in (0.5, 0.8)]
        foretold = " and ".join(f"{each[0]:,}" if each else "–" for each in told)
        print(
            f"| {first:.0%} and {second:.0%} | {_share(ended)} | {_by(ended, 0.5)} | {_by(ended, 0.8)} | {foretold} |",
            flush=True,
        )
    _time_look_ups()
    return 0


def _share(ended: NDArray[np.int64]) -> str:
    """The share of tests that found a difference, with Wilson's interval."""
    count, hits, z = len(ended), int((ended > 0).sum()), 1.96
    middle = (hits + z**2 / 2) / (count + z**2)
    half = z / (count + z**2) * (hits * (count - hits) / count + z**2 / 4) ** 0.5
    return f"{hits / count:.1%} [{max(0.0, middle - half):.1%}, {min(1.0, middle + half):.1%}]"


def _by(ended: NDArray[np.int64], share: float) -> str:
    """By when this share of all tests had ended."""
    taken = sorted(np.where(ended > 0, ended, sys.maxsize).tolist())
    found = int(percentile(taken, share))
    return "later" if found == sys.maxsize else f"{found:,}"


def _time_look_ups() -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{Path(folder) / 'workbench.sqlite'}")
        store = ExperimentStore(engine)
        store.start("", [Arm("v1"), Arm("v2")])
        usual = _microseconds(store, LOOK_UPS)
        hours = itertools.count(0, 3600)
        anew = _microseconds(ExperimentStore(engine, clock=lambda: float(next(hours))), FRESH_LOOKS)
        engine.dispose()
    print(
        f"\nChoosing an arm takes {percentile(usual, 0.5):.1f} µs (p95 {percentile(usual, 0.95):.1f} µs). Once a "
        f"second it looks into the database, which takes {percentile(anew, 0.5) / 1000:.2f} ms "
        f"(p95 {percentile(anew, 0.95) / 1000:.2f} ms)."
    )


def _microseconds(store: ExperimentStore, times: int) -> list[float]:
    taken = []
    for number in range(times):
        began = time.perf_counter()
        store.choose(f"user {number}")
        taken.append(1e6 * (time.perf_counter() - began))
    return taken


if __name__ == "__main__":
    sys.exit(main())
