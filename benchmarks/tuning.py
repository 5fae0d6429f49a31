"""What fine-tuning on feedback does: to what was taught, to held-out code, and with feedback that is nonsense.

    python -m benchmarks.tuning [--seconds 30] [--lessons 10] [--kind sequence | deepcodenet | both] [--trainings 1]

Sequence: trained for 30 s on three packages of this machine's standard library (json, http, email), corrected on lines
of some of its held-out files. With several trainings, each has other files held out and other lines corrected, and at
the end parents and children are put to lines of held-out files of all of them at once. DeepCodeNet: the demo dataset of
the standard library, corrected on lines that are in no pair of it. A sensible correction calls another function than
the line does; a nonsensical one is random letters. Every answer is the model's own, without the memory of corrections.
The jobs run as in the workbench.
"""

import argparse
import json
import random
import shutil
import string
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.data.demo import LIBRARY_NAME, standard_library_pairs
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.models.saved_model import load_sequence
from dlcodegen_core.training.sources import folder_source
from dlcodegen_core.training.tuning.decision import compare
from dlcodegen_core.training.tuning.examination import first_answer, held_out_lines, similarity
from dlcodegen_core.training.tuning.request import tuning_request

PACKAGES = ("json", "http", "email")
CORRECTED_FILES = 3  # of the held-out ones; the others stay unseen
TRAIN_SECONDS = 30.0
WIDE_LINES = 150  # of each training, for the look at all of them


def sensible(line: str, _random: random.Random) -> str:
    """The same line with its value checked first."""
    return f"checked({line.split('=')[-1].strip(' :()') or line})"


def nonsense(_line: str, chance: random.Random) -> str:
    """Letters and brackets."""
    return " ".join("".join(chance.choices(string.ascii_lowercase + "(){};", k=8)) for _word in range(4))


def sequence_prompts(service: DLCodeGen, home: Path, lessons: int, seed: int) -> tuple[str, list[Pair]]:
    """A trained version, and lines of files that it has not learned."""
    folder = home / "source"
    for package in PACKAGES:
        shutil.copytree(
            Path(json.__file__).parents[1] / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    config = TrainConfig.sequence(seconds=TRAIN_SECONDS, held_out=0.3, seed=seed)
    version = service.train(folder, config).version
    lines = held_out_lines(_held_out(folder, config)[:CORRECTED_FILES], set(), lessons, seed=1 + seed)
    return version, [Pair(line.prompt, line.target, "python") for line in lines]


def _held_out(folder: Path, config: TrainConfig) -> list[SourceFile]:
    _training, held_out = folder_source(folder, "source").split(config.held_out, config.seed)
    return list(held_out)


def classifier_prompts(service: DLCodeGen, _home: Path, lessons: int, seed: int) -> tuple[str, list[Pair]]:
    """A trained version, and lines that stand in none of its pairs."""
    service.ensure_demo_datasets()
    version = service.train(LIBRARY_NAME, TrainConfig(epochs=30, seed=seed)).version
    known = {pair.prompt for pair in service.datasets.pairs(LIBRARY_NAME)}
    strangers = [pair for pair in standard_library_pairs(4000, seed=1) if pair.prompt not in known]
    return version, random.Random(seed).sample(strangers, lessons)


class Answered(NamedTuple):
    """How similar parent and child came to a held-out line, 0..100, and the training and file it is of."""

    before: float
    after: float
    file: str


class WideLook:
    """Parents and children at the same held-out lines, of all trainings and one kind of correction."""

    def __init__(self) -> None:
        self._answers: dict[str, list[Answered]] = {}

    def add(self, service: DLCodeGen, source: Path, parent: str, child: str, what: str) -> None:
        """Of sequence models. Lines come from the files that nobody corrected."""
        card = service.versions.card(parent)
        files = _held_out(source, card.config)[CORRECTED_FILES:]
        of_parent, of_child = (
            load_sequence(service.settings.versions_folder / version)[1] for version in (parent, child)
        )
        for line in held_out_lines(files, set(), WIDE_LINES, card.config.seed):
            before, after = (
                similarity(first_answer(model, line.prompt), line.target) for model in (of_parent, of_child)
            )
            self._answers.setdefault(what, []).append(Answered(before, after, f"{card.config.seed} {line.path}"))

    def told(self) -> str:
        """One line for each kind of correction; files of one training are drawn anew for the interval."""
        lines = []
        for what, answers in self._answers.items():
            found = compare(
                [each.before for each in answers], [each.after for each in answers], [each.file for each in answers]
            )
            lines.append(
                f"{what}: held-out similarity {found.parent:.1f} -> {found.child:.1f}, "
                f"{found.difference:+.2f} [{found.low:+.2f}, {found.high:+.2f}] on {found.count} lines"
            )
        return "\n".join(lines)


def tune(service: DLCodeGen, version: str, pairs: Sequence[Pair], what: str, seconds: float) -> str:
    """Fine-tune on the pairs, print what came of it, and return the new version."""
    name = f"{version} {what}"
    revision = service.datasets.create(name, pairs).revision
    request = tuning_request(service.versions.card(version), name, revision)
    if request.config.model == "sequence":
        request = replace(request, config=replace(request.config, seconds=seconds))
    metrics = service.follow(service.jobs.submit(request))
    tuning = service.versions.card(metrics.version).tuning
    print(f"\n{what}: {len(pairs)} corrections of {version}, {metrics.seconds:.1f} s -> {tuning['verdict']}")
    for reason in tuning["reasons"]:
        print(f"  {reason}", flush=True)
    return metrics.version


def main() -> None:
    """Train, correct, fine-tune, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--lessons", type=int, default=10)
    parser.add_argument("--trainings", type=int, default=1, help="each with a seed of its own (default 1)")
    parser.add_argument("--kind", choices=("sequence", "deepcodenet", "both"), default="both")
    options = parser.parse_args()
    makers = {"sequence": sequence_prompts, "deepcodenet": classifier_prompts}
    corrections: dict[str, Callable[[str, random.Random], str]] = {"sensible": sensible, "nonsense": nonsense}
    for kind, make in makers.items():
        if options.kind not in (kind, "both"):
            continue
        wide = WideLook()
        for seed in range(options.trainings):
            with tempfile.TemporaryDirectory() as home:
                service = DLCodeGen(Settings(home=Path(home) / "home", embedder="local"))
                version, pairs = make(service, Path(home), options.lessons, seed)
                print(f"\n{kind}: {version}, seed {seed}")
                for what, correct in corrections.items():
                    chance = random.Random(seed)
                    taught = [replace(pair, target=correct(pair.target, chance)) for pair in pairs]
                    child = tune(service, version, taught, what, options.seconds)
                    if kind == "sequence":
                        wide.add(service, Path(home) / "source", version, child, what)
                service.close()
        if kind == "sequence":
            print(f"\n{wide.told()}")


if __name__ == "__main__":
    main()
