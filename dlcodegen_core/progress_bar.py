"""How far something is, as a bar on a terminal."""

from types import TracebackType
from typing import IO

from tqdm import tqdm

from dlcodegen_core.training.events import EpochEnded, Event, PhaseProgress, Waiting


class ProgressBar:
    """One bar a phase, with loss and accuracy while fitting; one line a phase where there is no terminal."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._bar: tqdm | None = None
        self._phase = ""

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def show(self, event: Event) -> None:
        """Draw what an event changes."""
        if isinstance(event, Waiting):
            print("Waiting for another training to end.", file=self._out)
        elif isinstance(event, PhaseProgress):
            if event.phase != self._phase:
                self._close()
                self._phase = event.phase
                if self._out.isatty():
                    self._bar = tqdm(desc=event.phase, total=event.total, file=self._out, leave=True)
                else:
                    print(f"{event.phase} …", file=self._out)
            self._move(event.done, event.total)
        elif isinstance(event, EpochEnded):
            self._move(event.epoch, event.epochs)
            if self._bar is not None:
                shown = {"loss": f"{event.loss:.3f}", "accuracy": f"{event.accuracy:.3f}"}
                if event.val_accuracy is not None:
                    shown["held-out accuracy"] = f"{event.val_accuracy:.3f}"
                self._bar.set_postfix(shown)

    def tell(self, what: str, done: int, total: int) -> None:
        """Draw a step of anything else than a training."""
        self.show(PhaseProgress(what, done, total, seconds=0.0))

    def _move(self, done: int, total: int) -> None:
        if self._bar is not None:
            self._bar.total = total
            self._bar.n = done
            self._bar.refresh()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
