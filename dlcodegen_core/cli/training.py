"""Training models, and fine-tuning them on feedback."""

import argparse
import sys
from typing import TYPE_CHECKING

from dlcodegen_core.cli.telling import AddCommand, answer, given
from dlcodegen_core.config import MODEL_KINDS, TrainConfig
from dlcodegen_core.features.language import LANGUAGES

if TYPE_CHECKING:
    from dlcodegen_core.service import DLCodeGen


def add_commands(command: AddCommand) -> None:
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

    tune = command("tune", _tune, "fine-tune a version on what people accepted and corrected")
    tune.add_argument("--version", help="the version to start from (default: the one that answers)")
    tune.add_argument("--name", default="", help="a name for the new version")


def _train(service: "DLCodeGen", options: argparse.Namespace) -> int:
    from dlcodegen_core.progress_bar import ProgressBar

    settings = given(options, TrainConfig)
    config = TrainConfig.sequence(**settings) if options.model == "sequence" else TrainConfig(**settings)
    with ProgressBar(sys.stderr) as bar:
        metrics = service.train(options.path, config, options.name, bar.show)
    held_out = "" if metrics.val_accuracy is None else f", held-out accuracy {metrics.val_accuracy:.3f}"
    answer(options, metrics, f"{metrics.version}: accuracy {metrics.accuracy:.3f}{held_out}, {metrics.seconds:.1f} s")
    return 0


def _tune(service: "DLCodeGen", options: argparse.Namespace) -> int:
    from dlcodegen_core.progress_bar import ProgressBar

    with ProgressBar(sys.stderr) as bar:
        metrics = service.follow(service.start_tuning(options.version, options.name), bar.show)
    service.settle_tunings()  # the queue does so too, a moment later
    tuning = service.versions.card(metrics.version).tuning
    alias = service.versions.register().alias_of(metrics.version)
    told = {"version": metrics.version, "alias": alias, "verdict": tuning["verdict"], "reasons": tuning["reasons"]}
    answer(options, told, "\n".join([f"{metrics.version}: {alias or 'no alias'}", *tuning["reasons"]]))
    return 0
