"""`python -m pretraining.pretrain`: trains the base network on the corpus, for minutes that add up over many runs.

A run begins where the last checkpoint stopped, may be stopped at any time (SIGTERM, Ctrl+C) and then leaves a
checkpoint. The learning rate rises over some steps, stays, and falls to almost nothing in the last quarter of the
planned time; `--cool-down-now` lets it fall from here on instead. On a CPU what counts is the time that the process
calculated, so neither pauses nor other work on the machine use the plan up.

A line of JSON is added to log.jsonl at each measurement on the held-out packages.
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from dlcodegen_core.models.sequence.network import NetworkShape
from dlcodegen_core.models.sequence.tokenizer import CodeTokenizer
from dlcodegen_core.training.sequence.thread_choice import ThreadChoice
from pretraining.archives import CACHE
from pretraining.checkpoints import BEFORE_COOL_DOWN, FILE, Progress, load_checkpoint, save_checkpoint
from pretraining.learner import SHAPE, Learner
from pretraining.measurement import HeldOut
from pretraining.windows import WindowCutter

MINUTES = 90.0
WINDOWS_A_STEP = {"cpu": 6, "cuda": 96}
SHARE_WITH_GAP = 0.35
WARM_UP_STEPS = 100
COOL_DOWN = 0.25  # share of the planned time in which the rate falls
LOWEST_RATE = 0.02
CHECKPOINT_SECONDS = 300.0
MEASURE_SECONDS = 150.0
LONGEST_STEP = 5.0  # seconds that a step on a device may count; the rest was a pause
READ_EVERY = 50  # steps; to read a loss waits for the device
NEW_SHARE = 0.01  # of a step in the smoothed loss
SEED = 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="planned time over all runs (default 90)")
    parser.add_argument("--cool-down-now", type=float, metavar="MINUTES", help="let the rate fall over so many minutes")
    parser.add_argument("--threads", type=int, default=0, help="of a CPU (default: as many as pay at the time)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--windows", type=int, help="a step (default: 6 on a CPU, 96 on CUDA)")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the corpus lies and the checkpoints go")
    parser.add_argument("--run", default="run", help="the checkpoint's folder in the cache")
    options = parser.parse_args()
    pretraining = Pretraining(
        options.cache,
        options.cache / options.run,
        torch.device(options.device),
        options.windows,
        SHAPE,
        options.threads,
    )
    stopped: list[bool] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_event: stopped.append(True))
    if options.cool_down_now and pretraining.progress.cool_down_from is None:
        plan = Plan.cool_down_now(pretraining.progress, options.cool_down_now * 60)
    else:
        plan = Plan.of(pretraining.progress, options.minutes * 60)
    for line in pretraining.run(plan, lambda: bool(stopped)):
        print(json.dumps(line), flush=True)
    return 0


@dataclass(frozen=True, slots=True)
class Plan:
    """The learning rate by the time trained, in seconds: full up to `fall`, then less and less until `end`."""

    fall: float
    end: float

    @classmethod
    def of(cls, progress: Progress, seconds: float) -> "Plan":
        """`seconds` in all, with a cool-down in the last quarter; one that has begun is brought to its own end."""
        if progress.cool_down_from is not None and progress.cool_down_until is not None:
            return cls(progress.cool_down_from, progress.cool_down_until)
        return cls(max(progress.seconds, (1 - COOL_DOWN) * seconds), seconds)

    @classmethod
    def cool_down_now(cls, progress: Progress, seconds: float) -> "Plan":
        """A cool-down over the next `seconds`."""
        return cls(progress.seconds, progress.seconds + seconds)

    def rate(self, progress: Progress) -> float:
        """The share of the full learning rate."""
        falling = (self.end - progress.seconds) / max(1e-6, self.end - self.fall)
        return min(1.0, (progress.steps + 1) / WARM_UP_STEPS, max(0.0, falling) + LOWEST_RATE)


class Pretraining:
    """One run over the corpus in `cache`, with its checkpoint and log in `folder`."""

    def __init__(
        self,
        cache: Path,
        folder: Path,
        device: torch.device,
        windows: int | None,
        shape: NetworkShape,
        threads: int = 0,
    ) -> None:
        """threads: of a CPU; 0 takes as many as pay at the time."""
        tokenizer = CodeTokenizer.from_json((cache / "tokenizer.json").read_text("utf-8"))
        if len(tokenizer) != shape.vocabulary:
            raise ValueError(f"the tokenizer has {len(tokenizer)} tokens, the network {shape.vocabulary}")
        self._folder = folder
        self._device = device
        self._windows = windows or WINDOWS_A_STEP.get(device.type, WINDOWS_A_STEP["cpu"])
        self._threads = ThreadChoice(time.monotonic, threads)
        self.learner = Learner(shape, device, SEED)
        self.progress = Progress()
        found = load_checkpoint(folder, device)
        if found:
            tensors, self.progress = found
            self.learner.restore(tensors)
        newlines = np.array([b"\n" in content for content in tokenizer.bytes_of])
        stream = np.fromfile(cache / "train.u16", "<u2")
        # another part of the stream than the runs before
        self._cutter = WindowCutter(stream, newlines, SEED + self.progress.steps)
        self._held_out = HeldOut(np.fromfile(cache / "held-out.u16", "<u2"), newlines, tokenizer, device)

    def run(self, plan: Plan, stop: Callable[[], bool]) -> Iterator[dict[str, float | int | None]]:
        """Train to the plan's end; one line at each measurement. Leaves a checkpoint however it ends."""
        progress = self.progress
        clock = Clock(self._device)
        saved = measured = progress.seconds
        recent: list[torch.Tensor] = []
        while progress.seconds < plan.end and not stop():
            if progress.seconds >= plan.fall and progress.cool_down_from is None:
                self._save(BEFORE_COOL_DOWN)
                progress.cool_down_from, progress.cool_down_until = plan.fall, plan.end
            windows = torch.from_numpy(self._cutter.batch(self._windows, SHARE_WITH_GAP)).to(self._device)
            rate = plan.rate(progress)
            recent.append(self._threads.timed(lambda: self.learner.step(windows, rate)))  # noqa: B023  # called at once
            if len(recent) == READ_EVERY:
                self._smooth(recent)
            progress.steps += 1
            progress.tokens += windows.shape[0] * (windows.shape[1] - 1)
            progress.seconds += clock.passed(self._threads.used)
            if progress.seconds - measured >= MEASURE_SECONDS:
                measured = progress.seconds
                self._smooth(recent)
                yield self._line(plan)
                clock.passed()  # measuring is no training
            if progress.seconds - saved >= CHECKPOINT_SECONDS:
                saved = progress.seconds
                self._save()
                clock.passed()
        self._smooth(recent)
        self._save()
        yield self._line(plan)

    def _smooth(self, recent: list[torch.Tensor]) -> None:
        for loss in recent:
            before = self.progress.smoothed_loss
            self.progress.smoothed_loss = float(loss) if before is None else before + (float(loss) - before) * NEW_SHARE
        recent.clear()

    def _save(self, name: str = FILE) -> None:
        save_checkpoint(self._folder, self.learner.tensors(), self.progress, name)

    def _line(self, plan: Plan) -> dict[str, float | int | None]:
        progress = self.progress
        line: dict[str, float | int | None] = {
            "minutes": round(progress.seconds / 60, 2),
            "steps": progress.steps,
            "tokens": progress.tokens,
            "rate": round(plan.rate(progress), 3),
            "loss": round(progress.smoothed_loss or 0.0, 4),
            **self._held_out.measure(self.learner.network),
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        return line


class Clock:
    """Seconds of training since it was last asked; on a CPU those that this process calculated, by thread."""

    def __init__(self, device: torch.device) -> None:
        self._on_cpu = device.type == "cpu"
        self._last = self._now()

    def passed(self, threads: int = 1) -> float:
        now = self._now()
        seconds, self._last = now - self._last, now
        return seconds / threads if self._on_cpu else min(seconds, LONGEST_STEP)

    def _now(self) -> float:
        return time.process_time() if self._on_cpu else time.monotonic()


if __name__ == "__main__":
    sys.exit(main())
