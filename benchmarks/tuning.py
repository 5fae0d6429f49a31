"""What fine-tuning on feedback does: to what was taught, to held-out code, and with feedback that is nonsense.

    python -m benchmarks.tuning [--seconds 30] [--lessons 10] [--kind sequence | deepcodenet | both]

Sequence: trained for 30 s on three packages of this machine's standard library (json, http, email), corrected on lines
of some of its held-out files. DeepCodeNet: the demo dataset of the standard library, corrected on lines that are in no
pair of it. A sensible correction calls another function than the line does; a nonsensical one is random letters. Every
answer is the model's own, without the memory of corrections. The jobs run as in the workbench.
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

from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.data.demo import LIBRARY_NAME, standard_library_pairs
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.training.sources import folder_source
from dlcodegen_core.training.tuning.examination import held_out_lines
from dlcodegen_core.training.tuning.request import tuning_request

PACKAGES = ("json", "http", "email")
CORRECTED_FILES = 3  # of the held-out ones; the others stay unseen
TRAIN_SECONDS = 30.0


def sensible(line: str, _random: random.Random) -> str:
    """The same line with its value checked first."""
    return f"checked({line.split('=')[-1].strip(' :()') or line})"


def nonsense(_line: str, chance: random.Random) -> str:
    """Letters and brackets."""
    return " ".join("".join(chance.choices(string.ascii_lowercase + "(){};", k=8)) for _word in range(4))


def sequence_prompts(service: DLCodeGen, home: Path, lessons: int) -> tuple[str, list[Pair]]:
    """A trained version, and lines of files that it has not learned."""
    folder = home / "source"
    for package in PACKAGES:
        shutil.copytree(
            Path(json.__file__).parents[1] / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    config = TrainConfig.sequence(seconds=TRAIN_SECONDS, held_out=0.3)
    version = service.train(folder, config).version
    _training, held_out = folder_source(folder, "source").split(config.held_out, config.seed)
    lines = held_out_lines(held_out[:CORRECTED_FILES], set(), lessons, seed=1)
    return version, [Pair(line.prompt, line.target, "python") for line in lines]


def classifier_prompts(service: DLCodeGen, _home: Path, lessons: int) -> tuple[str, list[Pair]]:
    """A trained version, and lines that stand in none of its pairs."""
    service.ensure_demo_datasets()
    version = service.train(LIBRARY_NAME, TrainConfig(epochs=30)).version
    known = {pair.prompt for pair in service.datasets.pairs(LIBRARY_NAME)}
    strangers = [pair for pair in standard_library_pairs(4000, seed=1) if pair.prompt not in known]
    return version, random.Random(0).sample(strangers, lessons)


def tune(service: DLCodeGen, version: str, pairs: Sequence[Pair], what: str, seconds: float) -> None:
    """Fine-tune on the pairs and print what came of it."""
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


def main() -> None:
    """Train, correct, fine-tune, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--lessons", type=int, default=10)
    parser.add_argument("--kind", choices=("sequence", "deepcodenet", "both"), default="both")
    options = parser.parse_args()
    makers = {"sequence": sequence_prompts, "deepcodenet": classifier_prompts}
    corrections: dict[str, Callable[[str, random.Random], str]] = {"sensible": sensible, "nonsense": nonsense}
    for kind, make in makers.items():
        if options.kind not in (kind, "both"):
            continue
        with tempfile.TemporaryDirectory() as home:
            service = DLCodeGen(Settings(home=Path(home) / "home", embedder="local"))
            version, pairs = make(service, Path(home), options.lessons)
            print(f"\n{kind}: {version}")
            for what, correct in corrections.items():
                chance = random.Random(0)
                taught = [replace(pair, target=correct(pair.target, chance)) for pair in pairs]
                tune(service, version, taught, what, options.seconds)
            service.close()


if __name__ == "__main__":
    main()
