"""`python -m benchmarks.datasets [PAIRS]`: a million pairs imported from a file, paged, searched, filtered, edited.

The pairs are lines of the standard library, numbered apart, about 200 characters each.
"""

import json
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.report import Row, median, print_table
from dlcodegen_core import DLCodeGen, Settings
from dlcodegen_core.data.bringing_in import ImportRequest
from dlcodegen_core.data.cutting import CutOptions
from dlcodegen_core.data.demo import standard_library_pairs
from dlcodegen_core.data.pairs import KINDS, Pair
from dlcodegen_core.data.store import Edits, PairFilter

PAIRS = 1_000_000
DISTINCT = 50_000
TRIES = 5
SEARCHES = ("self", "zipfile", "return self._", "nothing like this", "x9")


def dataset_rows(count: int = PAIRS) -> list[Row]:
    """Import, table, search, filters, edits and a folder of source."""
    with tempfile.TemporaryDirectory() as home:
        service = DLCodeGen(Settings(home=Path(home) / "home", embedder="local"))
        rows = [_import(service, Path(home), count), *_browsing(service, count), *_editing(service, count)]
        rows.append(_folder(service))
        service.close()
    return rows


def _import(service: DLCodeGen, folder: Path, count: int) -> Row:
    """In a process of its own, as the page does it, so that its memory can be told."""
    file = folder / "pairs.jsonl"
    with file.open("w", encoding="utf-8") as out:
        for pair in _pairs(count):
            out.write(json.dumps({"prompt": pair.prompt, "completion": pair.target, "source": pair.source}) + "\n")
    command = [sys.executable, "-m", "dlcodegen_core", "import", str(file), "--name", "pairs", "--json"]
    environment = service.settings.to_environment()
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**_path(), **environment})
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    size = (service.settings.home / "workbench.sqlite").stat().st_size / 1e6
    told = f"{count / seconds:,.0f} a second ({seconds:.0f} s, at most {peak:.0f} MB of memory, {size:.0f} MB on disk)"
    return Row(f"import of {count:,} pairs from JSONL", "-", ">= 20,000 a second", told)


def _browsing(service: DLCodeGen, count: int) -> list[Row]:
    def page(number: int = 1, **limits: object) -> Callable[[], object]:
        return lambda: service.datasets.page("pairs", number, 100, PairFilter(**limits))  # type: ignore[arg-type]

    rows = [
        Row("first page of the table", "-", "<= 200 ms", _timed(page())),
        Row("last page of the table", "-", "-", _timed(page(count))),
    ]
    rows += [Row(f"search for “{text}”", "-", "<= 300 ms", _timed(page(search=text))) for text in SEARCHES]
    rows += [
        Row("filter: one file", "-", "-", _timed(page(source="0/zipfile.py"))),
        Row("filter: targets of 100 to 120 characters", "-", "-", _timed(page(target_length=(100, 120)))),
    ]
    for column in ("language", "source", "target_length"):
        rows.append(
            Row(f"histogram: {column}", "-", "-", _timed(lambda: service.datasets.bars("pairs", column)))  # noqa: B023  # called at once
        )
    return rows


def _editing(service: DLCodeGen, count: int) -> list[Row]:
    store = service.datasets
    rows = []
    row = store.page("pairs", 1, 1).rows[0]
    began = time.perf_counter()
    store.save("pairs", 1, Edits(changed={row.id: replace(row.pair, target="pass")}))
    rows.append(Row("save one changed pair", "-", "-", _ms(time.perf_counter() - began)))
    began = time.perf_counter()
    left = store.delete_matching("pairs", 2, PairFilter(search="zipfile")).pair_count
    rows.append(Row(f"delete {count - left:,} pairs by a search", "-", "-", _ms(time.perf_counter() - began)))
    began = time.perf_counter()
    store.bring_back("pairs", 3)
    rows.append(Row("bring them back from the trash", "-", "-", _ms(time.perf_counter() - began)))
    return rows


def _folder(service: DLCodeGen) -> Row:
    """The standard library's own folder, from its path to a dataset of all four kinds."""
    library = Path(sysconfig.get_path("stdlib"))
    began = time.perf_counter()
    info = service.workshop.bring_in(ImportRequest(library, "library", cut=CutOptions(kinds=KINDS)))
    seconds = time.perf_counter() - began
    told = service.datasets.intake("library") or {}
    what = (
        f"folder: {sum(told['files'].values()):,} files, {told['size_bytes'] / 1e6:.0f} MB, {info.pair_count:,} pairs"
    )
    return Row(what, "-", "within seconds", f"{seconds:.1f} s")


def _pairs(count: int) -> Iterator[Pair]:
    distinct = standard_library_pairs(DISTINCT)
    for number in range(count):
        pair, round_ = distinct[number % len(distinct)], number // len(distinct)
        yield replace(
            pair, prompt=f"{pair.prompt}#{round_}\n" if round_ else pair.prompt, source=f"{round_}/{pair.source}"
        )


def _timed(action: Callable[[], object]) -> str:
    action()
    seconds = []
    for _ in range(TRIES):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return _ms(median(seconds))


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _path() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parents[1])}


if __name__ == "__main__":
    print_table(dataset_rows(int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS))
