"""What a training needs from outside itself, and the clock of its phases. Knows no process and no screen."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from dlcodegen_core.errors import TrainingCancelled
from dlcodegen_core.features.embedding import CachedEmbedder
from dlcodegen_core.training.events import Event, PhaseProgress

PROGRESS_EVERY_SECONDS = 0.1


class Wish(Enum):
    """What the person wants of a running training."""

    GO_ON = "go on"
    STOP = "stop"  # keep what it has
    DISCARD = "discard"
    SUSPEND = "suspend"  # the workbench ended: checkpoint and leave


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a training needs from outside itself."""

    embedder: CachedEmbedder
    emit: Callable[[Event], None]
    wish: Callable[[], Wish]
    claim_version: Callable[[], Path]
    checkpoint: Path
    now: Callable[[], float] = time.monotonic


class PhaseClock:
    """Says which phase a training is in and how far, and ends it there if nobody wants the result."""

    def __init__(self, around: Surroundings, keeps: tuple[str, ...] = ("saving",)) -> None:
        """keeps: phases in which a stop is no reason to end, since there is something to keep."""
        self._around = around
        self._keeps = keeps
        self.began = around.now()
        self.current = ""
        self.seconds_by_phase: dict[str, float] = {}
        self._phase_began = self.began
        self._last_progress = -1.0

    def enter(self, phase: str) -> None:
        """Begin a phase; the one before it ends."""
        self.leave()
        self.current = phase
        self._last_progress = -1.0
        self.progress(0, 1)

    def leave(self) -> None:
        """End the phase that is on."""
        moment = self._around.now()
        if self.current in ("reading", "saving"):
            self.progress(1, 1)
        if self.current:
            passed = moment - self._phase_began
            self.seconds_by_phase[self.current] = self.seconds_by_phase.get(self.current, 0.0) + passed
        self._phase_began = moment

    def progress(self, done: int, total: int) -> None:
        """Say how far the phase is, ten times a second at most. Raises TrainingCancelled if it was discarded."""
        wish = self._around.wish()
        if wish is Wish.DISCARD:
            raise TrainingCancelled("The training was discarded; nothing was kept.")
        if wish is Wish.SUSPEND and self.current != "saving":
            raise TrainingCancelled("The training was interrupted before it was done; start it again.")
        if wish is Wish.STOP and self.current not in self._keeps:
            raise TrainingCancelled(
                f"The training was stopped while {self.current}, before its first epoch ended, so there is nothing "
                "to keep. Vectors already embedded are kept for the next time."
            )
        moment = self._around.now()
        if moment - self._last_progress >= PROGRESS_EVERY_SECONDS or done == total:
            self._last_progress = moment
            self._around.emit(PhaseProgress(self.current, done, total, moment - self.began))
