"""How fast a taught completion is found: `python -m benchmarks.corrections`.

Ten thousand corrections on real prompts of this machine's standard library, looked up among themselves and with
prompts that nobody taught.
"""

import tempfile
import time
from pathlib import Path

from benchmarks.report import Row, median, percentile, print_table
from dlcodegen_core.data.demo import standard_library_pairs
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.feedback import FEEDBACK_DATASET
from dlcodegen_core.feedback.memory import CorrectionMemory
from dlcodegen_core.storage.database import open_database

CORRECTIONS, LOOKED_UP = 10_000, 2_000


def main() -> None:
    base = standard_library_pairs(2_000)
    lessons = [
        Pair(f"# {number // len(base)}\n{pair.prompt}", pair.target)
        for number, pair in enumerate(base * (CORRECTIONS // len(base)))
    ]
    with tempfile.TemporaryDirectory() as folder:
        store = DatasetStore(open_database(f"sqlite:///{Path(folder) / 'corrections.sqlite'}"))
        store.create(FEEDBACK_DATASET, lessons)
        memory = CorrectionMemory(store)
        began = time.perf_counter()
        memory.refresh()
        built = time.perf_counter() - began
        taught = _milliseconds(memory, [lesson.prompt for lesson in lessons[:LOOKED_UP]])
        other = _milliseconds(memory, [f"{lesson.prompt}\nelse_where = " for lesson in lessons[:LOOKED_UP]])
    print_table([
        Row("reading 10,000 corrections, once", "-", "-", f"{built:.1f} s"),
        Row("looking up a taught prompt", "-", "<= 1 ms", _told(taught)),
        Row("looking up a prompt that nobody taught", "-", "<= 1 ms", _told(other)),
    ])  # fmt: skip


def _milliseconds(memory: CorrectionMemory, prompts: list[str]) -> list[float]:
    taken = []
    for prompt in prompts:
        began = time.perf_counter()
        memory.find(prompt)
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def _told(taken: list[float]) -> str:
    return f"{median(taken):.3f} ms p50, {percentile(taken, 0.95):.3f} ms p95"


if __name__ == "__main__":
    main()
