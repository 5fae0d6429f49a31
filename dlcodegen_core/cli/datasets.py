"""Stored datasets: bring in, examine, write out."""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dlcodegen_core.cli.telling import AddCommand, answer, given
from dlcodegen_core.data.pairs import KINDS

if TYPE_CHECKING:
    from dlcodegen_core.service import DLCodeGen


def add_commands(command: AddCommand) -> None:
    brought = command(
        "import", _import, "store a dataset: a table of pairs, a folder or an archive of source, or a git repository"
    )
    brought.add_argument("path", metavar="PATH_OR_ADDRESS")
    brought.add_argument("--name", help="of the dataset (default: after the path)")
    brought.add_argument("--branch", help="or tag, of a git repository")
    brought.add_argument(
        "--kinds", nargs="+", choices=KINDS, metavar="KIND", help=f"of pairs to cut from source: {', '.join(KINDS)}"
    )
    brought.add_argument("--most-pairs", type=int, dest="most_pairs", help="to cut from source (default 5000)")
    brought.add_argument("--seed", type=int, help="of which pairs are cut (default 0)")
    brought.add_argument(
        "--force-in", action="append", dest="force_in", metavar="GLOB", help="files to bring in anyway"
    )
    brought.add_argument("--force-out", action="append", dest="force_out", metavar="GLOB", help="files to leave out")
    brought.add_argument("--prompt-column", dest="prompt_column", help="of a table (default: guessed)")
    brought.add_argument("--target-column", dest="target_column", help="of a table (default: guessed)")

    examine = command("examine", _examine, "have the dataset doctor look at a stored dataset")
    examine.add_argument("dataset", metavar="NAME")

    export = command("export-data", _export_data, "write a stored dataset to a file")
    export.add_argument("dataset", metavar="NAME")
    export.add_argument("--format", choices=("json", "jsonl", "csv", "parquet"), default="jsonl")
    export.add_argument("--out", required=True, metavar="FILE")


def _import(service: "DLCodeGen", options: argparse.Namespace) -> int:
    from dlcodegen_core.data.bringing_in import ImportRequest, name_for
    from dlcodegen_core.data.cutting import CutOptions
    from dlcodegen_core.data.formats import ColumnChoice
    from dlcodegen_core.data.intake import FileRules
    from dlcodegen_core.progress_bar import ProgressBar

    columns = None
    if options.prompt_column or options.target_column:
        columns = ColumnChoice(options.prompt_column or "prompt", options.target_column or "target")
    rules = FileRules(tuple(options.force_in or ()), tuple(options.force_out or ()))
    with ProgressBar(sys.stderr) as bar, tempfile.TemporaryDirectory(prefix="clone-") as folder:
        path, commit = Path(options.path).expanduser(), None
        if "://" in options.path or options.branch:
            path = Path(folder) / "clone"
            commit = service.workshop.clone(options.path, options.branch or "", path, bar.tell)
        name = options.name or service.datasets.free_name(name_for(options.path))
        cut = CutOptions(**given(options, CutOptions))
        origin = options.path[:200]
        request = ImportRequest(path.absolute(), name, options.path, origin, commit, rules, cut, columns)
        info = service.workshop.bring_in(request, bar.tell)
    intake = service.datasets.intake(info.name) or {}
    left_out = intake.get("left_out_count", 0)
    told = {"dataset": info.name, "revision": info.revision, "pairs": info.pair_count, "left_out": left_out}
    answer(options, told, f"{info.name}: {info.pair_count:,} pairs" + (f", {left_out:,} left out" if left_out else ""))
    return 0


def _examine(service: "DLCodeGen", options: argparse.Namespace) -> int:
    from dlcodegen_core.progress_bar import ProgressBar

    with ProgressBar(sys.stderr) as bar:
        report = service.workshop.examine(options.dataset, progress=bar.tell)
    answer(options, report, report["verdict"])
    return 0


def _export_data(service: "DLCodeGen", options: argparse.Namespace) -> int:
    from dlcodegen_core.progress_bar import ProgressBar

    with ProgressBar(sys.stderr) as bar:
        path = service.workshop.write_out(
            options.dataset, options.format, Path(options.out).expanduser(), None, bar.tell
        )
    size = path.stat().st_size
    answer(options, {"path": str(path), "size_bytes": size}, f"{path}: {size / 1e6:.2f} MB")
    return 0
