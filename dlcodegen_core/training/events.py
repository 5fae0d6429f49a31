"""What a training has to say, as data: the trainer yields these, nobody here prints or draws.

Each event becomes one JSON line in the job's folder, read back by the pages, the command line and the API.
"""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

PHASES = ("reading", "embedding", "features", "fitting", "saving")
SEQUENCE_PHASES = ("reading", "counting", "fitting", "weighing", "calibrating", "saving")


TUNING_PHASES = ("reading", "embedding", "features", "fitting", "comparing", "saving")
SEQUENCE_TUNING_PHASES = ("reading", "counting", "fitting", "weighing", "comparing", "saving")


def phases_of(model: str, tuning: bool = False) -> tuple[str, ...]:
    """The phases that the training of a kind of model goes through, in order. tuning: on feedback, from a version."""
    if tuning:
        return SEQUENCE_TUNING_PHASES if model == "sequence" else TUNING_PHASES
    return SEQUENCE_PHASES if model == "sequence" else PHASES


@dataclass(frozen=True, slots=True)
class TrainMetrics:
    """The result of a training, at the epoch that was kept.

    Accuracy is the share of samples whose true token was ranked first among the tokens that may be offered; a
    token outside the vocabulary counts as a miss. bits_per_character: of held-out text, of models of whole texts.
    val_* are measured on the held-out split, None without one.
    seconds: from the start of the worker to the saved model; seconds_by_phase the same in parts.
    temperature, reliability: of DeepCodeNet's confidence, see `models.temperature`; None where nothing was held out.
    """

    loss: float
    accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    seconds: float
    version: str
    epoch: int
    epochs: int
    samples: int
    held_out_samples: int
    unknown_share: float
    vocabulary_size: int
    seconds_by_phase: dict[str, float]
    bits_per_character: float | None = None
    temperature: float | None = None
    reliability: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Another training holds the machine; this one starts when that one ends."""

    kind: ClassVar[str] = "waiting"


@dataclass(frozen=True, slots=True)
class Started:
    """The worker runs; `at` is seconds since 1970."""

    kind: ClassVar[str] = "started"
    at: float
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class PhaseProgress:
    """`done` of `total` steps of a phase, `seconds` after the worker's start."""

    kind: ClassVar[str] = "phase"
    phase: str
    done: int
    total: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Guess:
    """What the network would offer for one fixed sample right now. target is the true next token."""

    prompt: str
    target: str
    offer: str
    confidence: float


@dataclass(frozen=True, slots=True)
class EpochEnded:
    """One pass over the training split; `best` marks the epoch that would be kept if the training ended here."""

    kind: ClassVar[str] = "epoch"
    epoch: int
    epochs: int
    loss: float
    accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    seconds: float
    best: bool
    guesses: tuple[Guess, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """A version was saved. `stopped` if a person ended it early; it can then be resumed."""

    kind: ClassVar[str] = "finished"
    metrics: TrainMetrics
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Discarded:
    """Ended on request, nothing kept."""

    kind: ClassVar[str] = "discarded"


@dataclass(frozen=True, slots=True)
class Failed:
    """Ended by an error; `message` is for people. What a checkpoint holds can be resumed."""

    kind: ClassVar[str] = "failed"
    message: str


Event = Waiting | Started | PhaseProgress | EpochEnded | Finished | Discarded | Failed
ENDINGS = (Finished, Discarded, Failed)
_TYPES: dict[str, type] = {
    kind.kind: kind for kind in (Waiting, Started, PhaseProgress, EpochEnded, Finished, Discarded, Failed)
}


def to_line(event: Event) -> str:
    """One JSON line, newline included."""
    return json.dumps({"kind": event.kind, **asdict(event)}, ensure_ascii=True) + "\n"


def from_line(line: str) -> Event | None:
    """The event of a line, or None for one that was cut short by a crash."""
    try:
        value: dict[str, Any] = json.loads(line)
        event_type = _TYPES[value.pop("kind")]
        if "metrics" in value:
            value["metrics"] = TrainMetrics(**value["metrics"])
        if "guesses" in value:
            value["guesses"] = tuple(Guess(**guess) for guess in value["guesses"])
        known = {field.name for field in fields(event_type)}
        event: Event = event_type(**{name: part for name, part in value.items() if name in known})
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return event
