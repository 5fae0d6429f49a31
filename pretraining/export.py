"""`python -m pretraining.export`: makes the base model that ships of the newest weights.

The network alone answers nothing: a gate has to say how far to trust it beside counts and copies, and a calibration
how far to trust a line. Both are fitted here on the held-out packages, of which neither tokenizer nor network has seen
a file: parts of them are counted as somebody's project would be, others are asked without any project. The result is
a version like any other, with an empty source, in dlcodegen_core/models/base. Prints its size and sha256.
"""

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.features.keywords import KeywordVectorizer
from dlcodegen_core.models import base_model
from dlcodegen_core.models.saved_model import WEIGHTS_FILE, ModelCard, save_arrays
from dlcodegen_core.models.sequence.calibration import Calibration, fit_calibration
from dlcodegen_core.models.sequence.gate import Gate
from dlcodegen_core.models.sequence.line_ranker import rank_lines
from dlcodegen_core.models.sequence.line_search import SearchOptions, search
from dlcodegen_core.models.sequence.network import NetworkShape, SmallTransformer, best_dtype
from dlcodegen_core.models.sequence.network_pass import NetworkPass
from dlcodegen_core.models.sequence.saved_sequence import HEADS, to_arrays
from dlcodegen_core.models.sequence.sequence_model import SequenceModel
from dlcodegen_core.models.sequence.suffix_array import SuffixArray
from dlcodegen_core.models.sequence.tokenizer import END_OF_FILE, CodeTokenizer
from dlcodegen_core.threads import one_blas_thread
from dlcodegen_core.training.events import TrainMetrics
from dlcodegen_core.training.sequence.gate_fitting import EvidenceWriter, GateRows, fit_gate
from dlcodegen_core.training.sequence.shown_lines import lines_of
from pretraining.archives import CACHE
from pretraining.checkpoints import Progress, load_checkpoint

LARGEST_BYTES = 16_000_000
PROJECT_TOKENS = 40_000  # neighbouring files of so many tokens are taken for one project
ASKED_EVERY = 8  # one file of so many of a project is kept out of its counts
ALONE_EVERY = 5  # one project of so many is asked without any counts
LONGEST_FILE = 4_000  # tokens of a file that are written down for the gate
CALIBRATION_LINES = 300
KEYWORD_TEXTS = 300
SEED = 20

Ints = NDArray[np.int64]
Say = Callable[[str], None]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=base_model.FOLDER, help="the folder to make anew")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--run", default="run")
    options = parser.parse_args()
    export(options.cache, options.cache / options.run, options.out, lambda line: print(line, file=sys.stderr))
    content = (options.out / WEIGHTS_FILE).read_bytes()
    print(f"{WEIGHTS_FILE}: {len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")
    return 0


def export(cache: Path, run: Path, out: Path, say: Say = lambda line: None) -> None:
    """Write the base model into the folder `out`; other files in it stay. Raises ValueError without a checkpoint."""
    began = time.monotonic()
    one_blas_thread()
    found = load_checkpoint(run, torch.device("cpu"))
    if found is None:
        raise ValueError(f"{run.name} has no checkpoint yet. Run `python -m pretraining.pretrain` first.")
    tensors, progress = found
    tokenizer = CodeTokenizer.from_json((cache / "tokenizer.json").read_text("utf-8"))
    network = SmallTransformer(_shape_of(tensors), best_dtype())
    network.load_state_dict({name: tensors[name] for name in network.state_dict()})
    files = _files(np.fromfile(cache / "held-out.u16", "<u2").astype(np.int64))
    gate = Gate(fit_gate(_rows(tokenizer, network.eval(), files, say), SEED, lambda _done, _total: None))
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    rounded = {name: value.astype(np.float16) for name, value in weights.items()}
    if not all(np.isfinite(value).all() for value in rounded.values()):
        raise ValueError("a weight is not finite in 16 bits")
    empty = SuffixArray.build([])
    model = SequenceModel(tokenizer, empty, NetworkPass(rounded, HEADS), gate)
    calibration = _calibration(model, files)
    say(f"calibrated: slope {calibration.slope:.2f}, offset {calibration.offset:.2f}")
    arrays = to_arrays(tokenizer, empty, weights, gate, calibration, fills_gaps=True)
    size = sum(array.nbytes for array in arrays.values())
    if size > LARGEST_BYTES:
        raise ValueError(f"{size:,} bytes are more than the {LARGEST_BYTES:,} that may be shipped")
    log = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    card = _card(cache, tokenizer, progress, log, time.monotonic() - began)
    _write(out, card, arrays)


def _shape_of(tensors: Mapping[str, torch.Tensor]) -> NetworkShape:
    layers = sum(name.startswith("attention_in.") for name in tensors)
    vocabulary, width = tensors["embedding"].shape
    return NetworkShape(vocabulary, width=width, layers=layers, heads=HEADS)


def _files(stream: Ints) -> list[Ints]:
    """The files of a stream, which END_OF_FILE closes."""
    ends = np.flatnonzero(stream == END_OF_FILE)
    return [part[part != END_OF_FILE] for part in np.split(stream, ends + 1) if len(part) > 1]


def _projects(files: Sequence[Ints]) -> list[list[Ints]]:
    """Neighbouring files, which mostly are of one package, in groups of about PROJECT_TOKENS."""
    projects: list[list[Ints]] = [[]]
    for file in files:
        if sum(map(len, projects[-1])) >= PROJECT_TOKENS:
            projects.append([])
        projects[-1].append(file)
    return projects


def _rows(tokenizer: CodeTokenizer, network: SmallTransformer, files: Sequence[Ints], say: Say) -> GateRows:
    """Evidence along files of projects whose other files are counted, and along some with nothing counted."""
    parts = []
    for number, project in enumerate(_projects(files)):
        asked = [file[:LONGEST_FILE] for file in project[::ASKED_EVERY]]
        alone = number % ALONE_EVERY == 0
        counted = [] if alone else [file for place, file in enumerate(project) if place % ASKED_EVERY]
        model = SequenceModel.of_counts(tokenizer, SuffixArray.build(counted))
        parts.append(EvidenceWriter(model.counts, model.index, network, model.unigram).rows(asked))
        say(f"project {number + 1}: {sum(map(len, counted)):,} tokens counted, {len(parts[-1]):,} asked")
    return GateRows.join(parts)


def _calibration(model: SequenceModel, files: Sequence[Ints]) -> Calibration:
    """How often the base model's lines are right, without any project."""
    chances, right = [], []
    for prompt, target in lines_of(model.tokenizer, files, CALIBRATION_LINES, SEED):
        if found := rank_lines(search(model, prompt[-4000:], SearchOptions(stop=("\n",))).hypotheses):
            chances.append(found[0].log_probability)
            right.append(found[0].text.rstrip() == target)
    return fit_calibration(chances, right)


def _card(
    cache: Path, tokenizer: CodeTokenizer, progress: Progress, log: Sequence[dict[str, float]], seconds: float
) -> ModelCard:
    stream = np.fromfile(cache / "train.u16", "<u2").astype(np.int64)
    manifest = json.loads((cache / "manifest.json").read_text("utf-8"))
    texts = [tokenizer.decode(file) for file in _files(stream[:4_000_000])]
    keywords = KeywordVectorizer.fit(texts[:: max(1, len(texts) // KEYWORD_TEXTS)])
    last = log[-1]
    metrics = TrainMetrics(
        loss=progress.smoothed_loss or 0.0,
        accuracy=last["plain_accuracy"],
        val_loss=last["plain_loss"],
        val_accuracy=last["plain_accuracy"],
        seconds=progress.seconds,
        version=base_model.NAME,
        epoch=progress.steps,
        epochs=progress.steps,
        samples=progress.tokens,
        held_out_samples=len(np.fromfile(cache / "held-out.u16", "<u2")),
        unknown_share=0.0,
        vocabulary_size=len(tokenizer),
        seconds_by_phase={"pretraining": progress.seconds, "gate and calibration": seconds},
        bits_per_character=last["plain_bits_per_character"],
    )
    return ModelCard(
        version=base_model.NAME,
        name="Base model",
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        dataset=f"{sum(bool(package['languages']) for package in manifest['packages'])} packages of open source",
        dataset_revision=None,
        dataset_fingerprint=hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest(),
        pairs=0,
        samples=progress.tokens,
        config=TrainConfig.sequence(
            vocabulary_size=len(tokenizer), seconds=max(1.0, progress.seconds), from_scratch=True
        ),
        embedder="",
        embedder_title="",
        tokens=(),
        keyword_terms=keywords.terms,
        keyword_idf=keywords.idf,
        metrics=asdict(metrics),
        curves=(),
    )


def _write(out: Path, card: ModelCard, arrays: dict[str, NDArray[np.generic]]) -> None:
    """Put the version's files into `out`, which may hold a README already."""
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary) / base_model.NAME
        save_arrays(made, card, arrays)
        out.mkdir(parents=True, exist_ok=True)
        for file in made.iterdir():
            shutil.copyfile(file, out / file.name)


if __name__ == "__main__":
    sys.exit(main())
