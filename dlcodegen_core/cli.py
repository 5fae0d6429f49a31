"""The command line: models and datasets. Says on stderr how it goes, on stdout what came out.

With --json the last line on stdout is one JSON object. The exit status is 0 only on success.
"""

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcodegen_core.config import MODEL_KINDS, TrainConfig
from dlcodegen_core.data.pairs import KINDS
from dlcodegen_core.errors import WorkbenchError
from dlcodegen_core.features.language import LANGUAGES

if TYPE_CHECKING:
    from dlcodegen_core.service import DLCodeGen


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 success, 1 it failed, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, format="%(message)s")
    from dlcodegen_core.service import DLCodeGen

    try:
        service = DLCodeGen.get_instance()
        try:
            return options.run(service, options)
        finally:
            service.close()
    except WorkbenchError as exc:
        if options.json:
            print(json.dumps({"error": str(exc)}))
        print(f"Error: {exc}", file=sys.stderr)
        return 1


def _train(service: "DLCodeGen", options: argparse.Namespace) -> int:
    from dlcodegen_core.progress_bar import ProgressBar

    given = _given(options, TrainConfig)
    config = TrainConfig.sequence(**given) if options.model == "sequence" else TrainConfig(**given)
    with ProgressBar(sys.stderr) as bar:
        metrics = service.train(options.path, config, options.name, bar.show)
    held_out = "" if metrics.val_accuracy is None else f", held-out accuracy {metrics.val_accuracy:.3f}"
    _answer(options, metrics, f"{metrics.version}: accuracy {metrics.accuracy:.3f}{held_out}, {metrics.seconds:.1f} s")
    return 0


def _predict(service: "DLCodeGen", options: argparse.Namespace) -> int:
    prompt = sys.stdin.read() if options.prompt == "-" else options.prompt
    prediction = service.predict(
        prompt,
        options.context or (),
        max_tokens=options.max_tokens,
        beams=options.beams,
        stop=tuple(options.stop or ()),
        version=options.version,
        language=options.language,
        suffix=options.suffix,
        min_confidence=options.min_confidence,
    )
    _answer(options, prediction, prediction.completion)
    if not options.json:
        stages = ", ".join(f"{stage} {milliseconds:.1f}" for stage, milliseconds in prediction.latency_ms.items())
        print(
            f"{prediction.version}, confidence {prediction.confidence:.2f}, {prediction.total_ms:.1f} ms ({stages})",
            file=sys.stderr,
        )
    return 0


def _evaluate(service: "DLCodeGen", options: argparse.Namespace) -> int:
    result = service.evaluator.evaluate(options.path, options.version)
    _answer(options, result, result.sentence)
    return 0


def _export(service: "DLCodeGen", options: argparse.Namespace) -> int:
    path = service.export(options.version, options.format, options.out)
    version = service.versions.resolve(options.version)
    size = path.stat().st_size
    _answer(options, {"version": version, "path": str(path), "size_bytes": size}, f"{path}: {size / 1e6:.2f} MB")
    return 0


def _serve(service: "DLCodeGen", options: argparse.Namespace) -> int:
    from dlcodegen_core.serving.server import serve

    serve(service.settings, options.host, options.port, options.workers)
    return 0


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
        cut = CutOptions(**_given(options, CutOptions))
        origin = options.path[:200]
        request = ImportRequest(path.absolute(), name, options.path, origin, commit, rules, cut, columns)
        info = service.workshop.bring_in(request, bar.tell)
    intake = service.datasets.intake(info.name) or {}
    left_out = intake.get("left_out_count", 0)
    told = {"dataset": info.name, "revision": info.revision, "pairs": info.pair_count, "left_out": left_out}
    _answer(options, told, f"{info.name}: {info.pair_count:,} pairs" + (f", {left_out:,} left out" if left_out else ""))
    return 0


def _examine(service: "DLCodeGen", options: argparse.Namespace) -> int:
    from dlcodegen_core.progress_bar import ProgressBar

    with ProgressBar(sys.stderr) as bar:
        report = service.workshop.examine(options.dataset, progress=bar.tell)
    _answer(options, report, report["verdict"])
    return 0


def _export_data(service: "DLCodeGen", options: argparse.Namespace) -> int:
    from dlcodegen_core.progress_bar import ProgressBar

    with ProgressBar(sys.stderr) as bar:
        path = service.workshop.write_out(
            options.dataset, options.format, Path(options.out).expanduser(), None, bar.tell
        )
    size = path.stat().st_size
    _answer(options, {"path": str(path), "size_bytes": size}, f"{path}: {size / 1e6:.2f} MB")
    return 0


def _answer(options: argparse.Namespace, result: Any, sentence: str) -> None:
    if options.json:
        from dlcodegen_core.plain_values import to_plain

        print(json.dumps(to_plain(result)))
    else:
        print(sentence)


def _given(options: argparse.Namespace, config: type) -> dict[str, Any]:
    """The options that were given, by the names of the configuration's fields."""
    values = {field.name: getattr(options, field.name, None) for field in fields(config)}
    return {name: value for name, value in values.items() if value is not None}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dlcodegen_core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[..., int], help_text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_text, description=help_text)
        sub.set_defaults(run=run)
        sub.add_argument("--json", action="store_true", help="print the result as one JSON object on the last line")
        sub.add_argument("--verbose", action="store_true", help="log what happens inside, on stderr")
        return sub

    train = command(
        "train", _train, "train a model on a dataset file, a folder of source, or a stored dataset by its name"
    )
    train.add_argument("path", metavar="PATH")
    train.add_argument(
        "--model", choices=MODEL_KINDS, default="deepcodenet", help="deepcodenet learns pairs, sequence whole source"
    )
    train.add_argument("--name", default="", help="a name for the version")
    train.add_argument("--epochs", type=int, help="passes over the training split (default 50)")
    train.add_argument(
        "--seconds",
        type=float,
        help="stop the fitting after so many seconds; of the sequence model, the whole training (60)",
    )
    train.add_argument("--batch-size", type=int, dest="batch_size", help="samples a batch (default 64)")
    train.add_argument("--learning-rate", type=float, dest="learning_rate", help="of Adam (default 0.001)")
    train.add_argument("--dropout", type=float, help="share of activations silenced in training (default 0.2)")
    train.add_argument("--hidden-layers", type=int, nargs="+", dest="hidden_layers", help="default 512 256 128 64")
    train.add_argument("--vocabulary-size", type=int, dest="vocabulary_size", help="output classes (default 100)")
    train.add_argument("--tokens-per-pair", type=int, dest="tokens_per_pair", help="leading tokens learned (default 1)")
    train.add_argument("--held-out", type=float, dest="held_out", help="share kept out of training (default 0.15)")
    train.add_argument("--patience", type=int, help="stop after so many epochs without a better held-out loss")
    train.add_argument(
        "--from-scratch",
        action="store_true",
        default=None,
        dest="from_scratch",
        help="a sequence model that does not start from the base model",
    )
    train.add_argument("--seed", type=int, help="of everything random (default 0)")
    train.add_argument("--language", choices=LANGUAGES, help="of all pairs, instead of detecting it")

    predict = command("predict", _predict, "complete a prompt")
    predict.add_argument("--prompt", required=True, help="the code to complete; - reads standard input")
    predict.add_argument("--suffix", default="", help="the code behind the cursor, for sequence models")
    predict.add_argument("--context", action="append", help="a line of context; may be given several times")
    predict.add_argument("--max-tokens", type=int, default=1, dest="max_tokens", help="visible code tokens (default 1)")
    predict.add_argument("--beams", type=int, default=4, help="alternatives that are kept (default 4)")
    predict.add_argument("--stop", action="append", help="end before this string; may be given several times")
    predict.add_argument(
        "--min-confidence", type=float, default=0.0, dest="min_confidence", help="offer nothing less sure (0 to 1)"
    )
    predict.add_argument("--version", help="the model version (default: the newest)")
    predict.add_argument("--language", choices=LANGUAGES, help="of the prompt, instead of detecting it")

    evaluate = command("evaluate", _evaluate, "measure a version on a dataset file, or on a stored dataset by its name")
    evaluate.add_argument("path", metavar="PATH")
    evaluate.add_argument("--version", help="the model version (default: the newest)")

    export = command("export", _export, "write a version's weights to a file")
    export.add_argument("--version", help="the model version (default: the newest)")
    export.add_argument("--format", choices=("safetensors", "pt"), default="safetensors")
    export.add_argument("--out", required=True, metavar="FILE")

    _add_dataset_commands(command)
    serve = command("serve", _serve, "answer predictions over HTTP, without pages")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8600)
    serve.add_argument("--workers", type=int, default=1, help="processes")
    return parser


def _add_dataset_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
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
