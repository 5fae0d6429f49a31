"""Versions: which there are, which answers, taken to files and back."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dlcodegen_core.cli.telling import AddCommand, answer
from dlcodegen_core.export.formats import FORMATS

if TYPE_CHECKING:
    from dlcodegen_core.service import DLCodeGen


def add_commands(command: AddCommand) -> None:
    command("versions", _versions, "list the versions, the newest first, and tell which one answers")
    promote = command("promote", _promote, "have a version answer from now on")
    promote.add_argument("version", metavar="VERSION")
    command("roll-back", _roll_back, "have the version answer again that answered before the last promotion")
    brought = command("import-version", _import_version, "bring in a version that was exported as a bundle")
    brought.add_argument("path", metavar="FILE")
    brought.add_argument("--name", default="", help="for the version (default: as in the bundle)")
    export = command("export", _export, "write a version to a file; ONNX is checked against PyTorch first")
    export.add_argument("--version", help="the model version (default: the newest)")
    export.add_argument("--format", choices=tuple(FORMATS), default="safetensors")
    export.add_argument("--out", required=True, metavar="FILE")


def _versions(service: "DLCodeGen", options: argparse.Namespace) -> int:
    from dlcodegen_core.models.saved_model import ModelCard

    found, lines = [], []
    for card in service.versions.all():
        if isinstance(card, ModelCard):
            name = service.versions.labels(card.version).name or card.name
            alias = service.versions.register().alias_of(card.version)
            figures = {"val_accuracy": card.metrics.get("val_accuracy"), "val_loss": card.metrics.get("val_loss")}
            found.append({"version": card.version, "name": name, "model": card.config.model, "alias": alias, **figures})
            lines.append(f"{card.version}  {card.config.model}  {name}  {alias}".rstrip())
        else:
            found.append({"version": card.version, "problem": card.problem})
            lines.append(f"{card.version}  {card.problem}")
    answering = service.versions.answering()
    answer(options, {"versions": found, "answering": answering}, "\n".join([*lines, f"{answering or 'none'} answers"]))
    return 0


def _promote(service: "DLCodeGen", options: argparse.Namespace) -> int:
    version = service.versions.resolve(options.version)
    service.versions.promote(version)
    answer(options, {"production": version}, f"{version} is production.")
    return 0


def _roll_back(service: "DLCodeGen", options: argparse.Namespace) -> int:
    service.versions.roll_back()
    answering = service.versions.answering()
    told = {"production": service.versions.alias("production"), "answering": answering}
    answer(options, told, f"{answering or 'No version'} answers again.")
    return 0


def _import_version(service: "DLCodeGen", options: argparse.Namespace) -> int:
    version = service.versions.import_bundle(Path(options.path).expanduser())
    if options.name:
        labels = service.versions.labels(version)
        service.versions.label(version, options.name, labels.note, labels.tags)
    answer(options, {"version": version}, f"Brought in as {version}.")
    return 0


def _export(service: "DLCodeGen", options: argparse.Namespace) -> int:
    from dlcodegen_core.export.formats import certificate_file
    from dlcodegen_core.progress_bar import ProgressBar

    version = service.versions.resolve(options.version)
    with ProgressBar(sys.stderr) as bar:
        path = service.export(version, options.format, options.out, bar.tell)
    size = path.stat().st_size
    told, sentence = {"version": version, "path": str(path), "size_bytes": size}, f"{path}: {size / 1e6:.2f} MB"
    if FORMATS[options.format].certified:
        from dlcodegen_core.export.certificate import Certificate

        certificate = Certificate.load(certificate_file(path))
        told |= {"certificate": certificate.to_json()}
        sentence += f"\n{certificate.verdict}\n{certificate.int8_verdict}"
    answer(options, told, sentence)
    return 0
