"""Makes a version's two ONNX files and checks them against PyTorch, on the same inputs and the same clock."""

import hashlib
import importlib.metadata
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.evaluation.line_metrics import bootstrap_interval, paired_bootstrap_difference
from dlcodegen_core.export.certificate import Certificate, CheckedFile, Timing
from dlcodegen_core.export.held_out_inputs import CheckedInputs
from dlcodegen_core.export.onnx_file import contents_of, in_8_bits, onnx_model, weights_sha256
from dlcodegen_core.export.parity import ParityMeter
from dlcodegen_core.export.timing import SECONDS, medians_ms
from dlcodegen_core.models.onnx_graph import one_thread_session
from dlcodegen_core.models.saved_model import ModelCard, load_card
from dlcodegen_core.models.vocabulary import UNKNOWN
from dlcodegen_core.threads import one_torch_thread

if TYPE_CHECKING:
    import torch

BATCHES = (1, 64)
TIMED_TOKENS = 32  # a row of a sequence model's batch
ROWS_AT_ONCE, WINDOWS_AT_ONCE = 256, 8
THOUSANDTHS = 1_000  # of the work, by experience
LIBRARIES = ("torch", "onnx", "onnxruntime", "numpy")

Rows = NDArray[np.generic]
Logits = NDArray[np.float32]
Network = Callable[[Rows], Logits]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class CertifiedFiles:
    """Both files as bytes, and what was found out about them."""

    full: bytes
    int8: bytes
    certificate: Certificate


def certify(folder: Path, inputs: CheckedInputs, tell: Progress, timing_seconds: float = SECONDS) -> CertifiedFiles:
    """Build both files of the version in `folder` and measure them; about ten seconds for a sequence model.

    Raises ModelError if the version is damaged. Whether the parity is good enough is for the certificate to say.
    """
    card = load_card(folder)
    tell("building the graphs", 50, THOUSANDTHS)
    model = onnx_model(folder)
    full, int8 = model.SerializeToString(), in_8_bits(model)
    with one_torch_thread():
        networks = {"pytorch": _pytorch(folder), "onnx": _onnx(full), "int8": _onnx(int8)}
        tell("comparing them with PyTorch", 200, THOUSANDTHS)
        checks = [_checked(content, networks, name, inputs, card) for content, name in ((full, "onnx"), (int8, "int8"))]
        tell("timing them", 600, THOUSANDTHS)
        timings = tuple(_timed(batch, networks, inputs, card, timing_seconds) for batch in BATCHES)
    (full_file, right), (int8_file, right_int8) = checks
    files = _file_of_each(right, inputs)
    tell("writing", 950, THOUSANDTHS)
    certificate = Certificate(
        version=card.version,
        contents=contents_of(card),
        weights_sha256=weights_sha256(folder),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        basis=inputs.basis,
        held_out=inputs.held_out,
        full=full_file,
        int8=int8_file,
        accuracy_cost=paired_bootstrap_difference(right, right_int8, files) if len(right) else None,
        timed=f"a window of {_timed_rows(1, inputs, card).shape[1]} tokens" if card.is_sequence else "544 features",
        timings=timings,
        libraries={name: importlib.metadata.version(name) for name in LIBRARIES},
        processor=processor(),
    )
    return CertifiedFiles(full, int8, certificate)


def _checked(
    content: bytes, networks: dict[str, Network], name: str, inputs: CheckedInputs, card: ModelCard
) -> tuple[CheckedFile, NDArray[np.bool_]]:
    """One file against PyTorch, and where it was right; nowhere if nobody knows what is right."""
    meter, right = ParityMeter(), []
    for rows, targets in _batches(inputs, card):
        reference, found = networks["pytorch"](rows), networks[name](rows)
        meter.add(reference, found)
        if targets is not None:
            offered = found if card.is_sequence else _without_unknown(found)
            right.append(offered.argmax(axis=1) == targets)
    hits = np.concatenate(right) if right else np.zeros(0, np.bool_)
    accuracy = bootstrap_interval(hits, _file_of_each(hits, inputs)) if len(hits) else None
    return CheckedFile(len(content), hashlib.sha256(content).hexdigest(), meter.result(), accuracy), hits


def _batches(inputs: CheckedInputs, card: ModelCard) -> Iterator[tuple[Rows, NDArray[np.int64] | None]]:
    step = WINDOWS_AT_ONCE if card.is_sequence else ROWS_AT_ONCE
    for start in range(0, len(inputs.rows), step):
        rows = slice(start, start + step)
        yield inputs.rows[rows], None if inputs.targets is None else inputs.targets[rows].ravel()


def _without_unknown(logits: Logits) -> Logits:
    """Unknown is a class of DeepCodeNet that is learned but never offered."""
    return np.concatenate(
        [logits[:, :UNKNOWN], np.full((len(logits), 1), -np.inf, np.float32), logits[:, UNKNOWN + 1 :]], axis=1
    )


def _file_of_each(hits: NDArray[np.bool_], inputs: CheckedInputs) -> list[str]:
    """The file of each prediction; a window has many."""
    each = len(hits) // max(1, len(inputs.files))
    return [file for file in inputs.files for _prediction in range(each)]


def _timed(batch: int, networks: dict[str, Network], inputs: CheckedInputs, card: ModelCard, seconds: float) -> Timing:
    rows = _timed_rows(batch, inputs, card)
    taken = medians_ms({name: partial(network, rows) for name, network in networks.items()}, seconds)
    return Timing(batch, taken["pytorch"], taken["onnx"], taken["int8"])


def _timed_rows(batch: int, inputs: CheckedInputs, card: ModelCard) -> Rows:
    """So many of the inputs, from the beginning again where there are too few."""
    rows = inputs.rows[np.arange(batch) % len(inputs.rows)]
    return np.ascontiguousarray(rows[:, :TIMED_TOKENS] if card.is_sequence else rows)


def _onnx(content: bytes) -> Network:
    session = one_thread_session(content)
    name = session.get_inputs()[0].name

    def run(rows: Rows) -> Logits:
        logits: Logits = session.run(None, {name: rows})[0]
        return logits.reshape(-1, logits.shape[-1])

    return run


def _pytorch(folder: Path) -> Network:
    """The version as PyTorch has it: what the files are measured against."""
    import torch

    card = load_card(folder)
    calculate = _transformer(folder) if card.is_sequence else _deepcodenet(folder)

    def run(rows: Rows) -> Logits:
        with torch.inference_mode():
            logits: Logits = calculate(torch.from_numpy(rows)).numpy()
        return logits.reshape(-1, logits.shape[-1])

    return run


def _deepcodenet(folder: Path) -> "Callable[[torch.Tensor], torch.Tensor]":
    from dlcodegen_core.models.saved_model import load_model
    from dlcodegen_core.models.temperature import temperature_of

    card, network = load_model(folder)
    temperature = temperature_of(card.metrics)
    return lambda features: network(features) / temperature


def _transformer(folder: Path) -> "Callable[[torch.Tensor], torch.Tensor]":
    import torch

    from dlcodegen_core.models.saved_model import load_start
    from dlcodegen_core.models.sequence.network import NetworkShape, SmallTransformer
    from dlcodegen_core.models.sequence.saved_sequence import HEADS

    start = load_start(folder)
    expansion = len(start.network["expand.0"]) // start.width
    shape = NetworkShape(len(start.tokenizer), start.width, start.layers, HEADS, expansion)
    network = SmallTransformer(shape).eval()
    network.load_state_dict({name: torch.from_numpy(array) for name, array in start.network.items()})
    return lambda tokens: network(tokens) @ network.embedding.T


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
