"""What an ONNX export was checked on and what came out: plain frozen data that goes to JSON and back.

It names versions of libraries and the processor, but no path. A file whose answers differ from PyTorch's gets none.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dlcodegen_core.errors import ModelError, StorageError
from dlcodegen_core.evaluation.line_metrics import Interval
from dlcodegen_core.export.parity import Parity
from dlcodegen_core.storage.files import write_json_atomically

FORMAT = 1
MOST_RELATIVE_DIFFERENCE = 1e-3  # of the largest logit
LEAST_AGREEMENT = 0.999


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """One ONNX file against PyTorch. accuracy: share of right next tokens, None where the right ones are not known."""

    size_bytes: int
    sha256: str
    parity: Parity
    accuracy: Interval | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """Median milliseconds for a batch on one core, from finished inputs to logits."""

    batch: int
    pytorch_ms: float
    onnx_ms: float
    int8_ms: float


@dataclass(frozen=True, slots=True)
class Certificate:
    """contents: what of the version the file holds. basis: what it was checked on; held_out: whether the version had
    not learned from it. accuracy_cost: how much more often the full file is right than the 8-bit one, by 95 % interval.
    timed: what one row of a batch is.
    """

    version: str
    contents: str
    weights_sha256: str
    made_at: str
    basis: str
    held_out: bool
    full: CheckedFile
    int8: CheckedFile
    accuracy_cost: Interval | None
    timed: str
    timings: tuple[Timing, ...]
    libraries: Mapping[str, str]
    processor: str

    @property
    def holds(self) -> bool:
        """Whether the full file answers as PyTorch does. A difference that is no number never holds."""
        parity = self.full.parity
        return parity.relative_difference <= MOST_RELATIVE_DIFFERENCE and parity.agreement >= LEAST_AGREEMENT

    def demand(self) -> None:
        """Raises ModelError, with the numbers, unless the full file answers as PyTorch does."""
        if self.holds:
            return
        parity = self.full.parity
        raise ModelError(
            f"{self.version} was not exported: the ONNX file does not answer as PyTorch does. On {self.basis}, logits "
            f"differ by up to {parity.max_difference:.3g} where the largest is {parity.scale:.3g} (allowed is "
            f"{MOST_RELATIVE_DIFFERENCE:g} of it), and the first choice is the same in {parity.agreement:.2%} of "
            f"{parity.rows:,} cases (needed are {LEAST_AGREEMENT:.1%}). Export it as safetensors instead."
        )

    @property
    def verdict(self) -> str:
        """One sentence on the full file."""
        parity = self.full.parity
        same = "the same every time" if parity.agreement == 1 else f"the same in {parity.agreement:.2%} of cases"
        return (
            f"The ONNX file answers as PyTorch does: over {parity.rows:,} predictions no logit differs by more than "
            f"{_small(parity.max_difference)}, where the largest is {parity.scale:.3g}, and the first choice is {same}."
        )

    @property
    def int8_verdict(self) -> str:
        """One sentence on the 8-bit file."""
        smaller = self.full.size_bytes / self.int8.size_bytes
        told = (
            f"With 8-bit weights it is {smaller:.1f} times smaller and chooses the same in "
            f"{self.int8.parity.agreement:.1%} of cases"
        )
        if self.full.accuracy is None or self.int8.accuracy is None or self.accuracy_cost is None:
            return f"{told}; what that costs in right answers is not known, for want of data."
        cost = self.accuracy_cost
        return (
            f"{told}; it is right in {self.int8.accuracy.mean:.1%} instead of {self.full.accuracy.mean:.1%} (a "
            f"difference of {_points(cost.mean)} points, 95 % interval {_points(cost.high)} to {_points(cost.low)})."
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        limits = {"most_relative_difference": MOST_RELATIVE_DIFFERENCE, "least_agreement": LEAST_AGREEMENT}
        told = {"verdict": self.verdict, "int8_verdict": self.int8_verdict}
        return {"format": FORMAT, **told, **asdict(self), "limits": limits, "threads": 1}

    def save(self, file: Path) -> None:
        """Raises StorageError."""
        write_json_atomically(file, self.to_json())

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Certificate":
        """The inverse of `to_json`. Raises KeyError, TypeError or AttributeError on other data."""
        known = {name: value[name] for name in cls.__dataclass_fields__}
        return cls(
            **{
                **known,
                "full": _file(known["full"]),
                "int8": _file(known["int8"]),
                "accuracy_cost": _interval(known["accuracy_cost"]),
                "timings": tuple(Timing(**timing) for timing in known["timings"]),
                "libraries": dict(known["libraries"]),
            }
        )

    @classmethod
    def load(cls, file: Path) -> "Certificate":
        """Raises StorageError if the file is missing or damaged."""
        try:
            return cls.from_json(json.loads(file.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
            raise StorageError(
                f"{file.name}: the certificate is missing or damaged. Export the version again."
            ) from exc


def _file(value: Mapping[str, Any]) -> CheckedFile:
    return CheckedFile(value["size_bytes"], value["sha256"], Parity(**value["parity"]), _interval(value["accuracy"]))


def _small(difference: float) -> str:
    """A difference as people read it; below some digits it is enough to know that it is not more."""
    return f"{max(difference, 0.0001):.2g}"


def _points(cost: float) -> str:
    """A cost as percentage points that are gained; none is +0.0."""
    return f"{round(-100 * cost, 1) + 0.0:+.1f}"


def _interval(value: Mapping[str, float] | None) -> Interval | None:
    return Interval(**value) if value else None
