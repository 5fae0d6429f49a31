"""What a search for settings found, as one file a search: every trial, and what the best one brings.

The file is written anew after every trial, so what a search has found outlives its being called off or killed.
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.errors import ConfigError, StorageError
from dlcodegen_core.storage.files import write_json_atomically

DONE, PRUNED, FAILED = "done", "given up", "failed"
_ID = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Trial:
    """One training of a search. loss and accuracy: on the part of the held-out samples that trials are chosen by,
    at its best epoch; None where it has none. state: done, given up (it fell behind others), failed."""

    number: int
    settings: Mapping[str, Any]
    state: str
    loss: float | None
    accuracy: float | None
    epochs: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Gain:
    """The best settings against the settings that were begun with, on held-out samples that chose nothing.

    loss_gain: mean difference in cross-entropy, positive where the best are better, with its 95 % interval.
    """

    samples: int
    first_loss: float
    first_accuracy: float
    best_loss: float
    best_accuracy: float
    loss_gain: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        return self.low > 0


@dataclass(frozen=True, slots=True)
class SearchRecord:
    """A search of so many seconds on a revision of a dataset. gain: None until it is over, and if nothing was held
    out to measure it on."""

    id: str
    dataset: str
    revision: int
    seconds: float
    started_at: str
    first: TrainConfig
    trials: tuple[Trial, ...] = ()
    gain: Gain | None = None
    over: bool = False

    @classmethod
    def begin(cls, dataset: str, revision: int, seconds: float, first: TrainConfig) -> "SearchRecord":
        """A search that is about to start."""
        started = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(uuid.uuid4().hex, dataset, revision, seconds, started, first)

    @property
    def best(self) -> Trial | None:
        """The trial with the least loss among those that were not given up."""
        done = [trial for trial in self.trials if trial.state == DONE and trial.loss is not None]
        return min(done, key=lambda trial: trial.loss or 0.0, default=None)

    def config_of(self, trial: Trial) -> TrainConfig:
        """What to train with, to have this trial's settings."""
        return with_settings(self.first, trial.settings)

    def with_trial(self, trial: Trial) -> "SearchRecord":
        return replace(self, trials=(*self.trials, trial))


def with_settings(config: TrainConfig, settings: Mapping[str, Any]) -> TrainConfig:
    """The configuration with some settings changed."""
    return TrainConfig.from_json({**config.to_json(), **settings})


class SearchStore:
    """The searches under one folder; holds no state."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, record: SearchRecord) -> None:
        """Raises StorageError."""
        write_json_atomically(self._folder / f"{record.id}.json", asdict(record))

    def load(self, search_id: str) -> SearchRecord | None:
        """One search, None if there is none. Raises StorageError if its file is damaged."""
        if not _ID.fullmatch(search_id):
            return None
        file = self._folder / f"{search_id}.json"
        try:
            value = json.loads(file.read_bytes())
            return SearchRecord(
                **{
                    **value,
                    "first": TrainConfig.from_json(value["first"]),
                    "trials": tuple(Trial(**trial) for trial in value["trials"]),
                    "gain": Gain(**value["gain"]) if value["gain"] else None,
                }
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, ConfigError) as exc:
            raise StorageError(f"The search {file.name} is damaged. Delete the file, and search again.") from exc

    def all(self) -> list[SearchRecord]:
        """Every search that can be read, the newest first."""
        found = []
        for file in self._folder.glob("*.json"):
            try:
                record = self.load(file.stem)
            except StorageError:
                continue  # a damaged file hides no other search
            if record is not None:
                found.append(record)
        return sorted(found, key=lambda record: record.started_at, reverse=True)
