"""A short fine-tuning of the small transformer: lessons and old code in every step, at a low rate.

The lessons pull the network towards what was taught. The old code holds it where it was: there it is asked to expect
what the parent expects (Li and Hoiem 2016, "Learning without Forgetting"), which was measured to disturb less than to
go on learning that code. Of a lesson only the taught text is learned; its prompt is what a person happened to have
written.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from dlcodegen_core.models.sequence.line_search import unfinished
from dlcodegen_core.models.sequence.network import CONTEXT, SmallTransformer
from dlcodegen_core.models.sequence.tokenizer import END_OF_FILE, CodeTokenizer
from dlcodegen_core.training.sequence.network_fitting import measured_on, some_windows
from dlcodegen_core.training.sequence.thread_choice import ThreadChoice
from dlcodegen_core.training.tuning.lessons import Lesson

RATE = 2e-4  # of Adam
WARM_UP_STEPS = 5
COOL_DOWN = 0.5  # the share of the time in which the rate falls to nothing
REPLAYED_WINDOWS = 2  # a step
LESSONS_A_STEP = 8
LESSON_TOKENS = 96
PROMPT_CHARACTERS = 1_000
LESSON_WEIGHT = 0.3
LEARNED = 0.03  # nats a taught token; below this the lessons are known, and more would only move the network
ROUND_SECONDS = 0.5
LEAST_STEPS = 4
HELD_OUT_WINDOWS = 4  # to watch it by; what decides is measured on more

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TaughtTokens:
    """A lesson as tokens: `before` is read, `taught` is learned."""

    before: Ints
    taught: Ints


@dataclass(frozen=True, slots=True)
class TuningRound:
    """About half a second of fine-tuning: how far it is (0..1), steps so far, the mean loss on taught tokens in nats,
    and the network's loss and accuracy on held-out windows, None without any."""

    progress: float
    steps: int
    lesson_loss: float
    held_out_loss: float | None
    held_out_accuracy: float | None


def taught_tokens(
    tokenizer: CodeTokenizer, lessons: Sequence[Lesson], characters: int = PROMPT_CHARACTERS, most: int = LESSON_TOKENS
) -> list[TaughtTokens]:
    """The lessons cut into tokens as a search would meet them: the unfinished last piece of a prompt is typed anew.

    characters: of the prompt's end that are cut. most: tokens of a lesson.
    """
    result = []
    for lesson in lessons:
        prompt = lesson.prompt[-characters:]
        pending = unfinished(tokenizer, prompt).decode()
        before = np.concatenate([[END_OF_FILE], tokenizer.encode(prompt[: len(prompt) - len(pending)])])
        taught = tokenizer.encode(f"{pending}{lesson.target}\n")[: most // 2]
        result.append(TaughtTokens(before[-(most - len(taught)) :], taught))
    return result


class NetworkTuning:
    """One fine-tuning run; `rounds` learns and reports. The network is changed in place."""

    def __init__(
        self,
        network: SmallTransformer,
        replayed: NDArray[np.uint16],
        held_out: Sequence[Ints],
        lessons: Sequence[TaughtTokens],
        seed: int,
    ) -> None:
        """replayed: the tokens that the network learned before, all files one after the other."""
        self.network = network
        self._parent = copy.deepcopy(network).requires_grad_(False)
        self._device = network.embedding.device
        self._replayed = torch.from_numpy(np.append(replayed, [END_OF_FILE, END_OF_FILE]).astype(np.int64))
        self._length = min(CONTEXT, len(self._replayed) - 1)
        self._held_out = some_windows(held_out, CONTEXT, HELD_OUT_WINDOWS).to(self._device)
        self._lessons = [
            (torch.from_numpy(np.concatenate([lesson.before, lesson.taught])), len(lesson.before)) for lesson in lessons
        ]
        self._random = torch.Generator().manual_seed(seed)
        self._adam = torch.optim.Adam(network.parameters(), RATE, betas=(0.9, 0.98), fused=True)

    def rounds(
        self, until: Callable[[], float], now: Callable[[], float], stop: Callable[[], bool]
    ) -> Iterator[TuningRound]:
        """Learn until the lessons are known, or `now()` reaches `until()`; a report now and then and one at the end.

        Some steps are taken even if the time is over: what has not begun has learned nothing.
        """
        began = last = now()
        steps = known = 0
        losses: list[float] = []
        threads = ThreadChoice(now)
        while True:
            progress = max((now() - began) / max(1e-6, until() - began), known / len(self._lessons))
            over = (progress >= 1 and steps >= LEAST_STEPS) or stop()
            if losses and (over or now() - last >= ROUND_SECONDS):
                lesson_loss = sum(losses) / len(losses)
                losses.clear()
                measured = measured_on(self.network, self._held_out)
                last = now()
                yield TuningRound(1.0 if over else min(1.0, progress), steps, lesson_loss, *measured)
            if over:
                return
            rate = RATE * min(1.0, (steps + 1) / WARM_UP_STEPS, max(0.0, 1 - progress) / COOL_DOWN + 0.05)
            losses.append(float(threads.timed(lambda rate=rate: self._step(rate))))  # type: ignore[misc]
            known = known + min(LESSONS_A_STEP, len(self._lessons)) if losses[-1] < LEARNED else 0
            steps += 1

    def _step(self, rate: float) -> Tensor:
        """One step; the loss of its lessons before it."""
        for group in self._adam.param_groups:
            group["lr"] = rate
        lesson_loss, drift = self._lesson_loss(), self._drift()
        (LESSON_WEIGHT * lesson_loss + drift).backward()
        self._adam.step()
        self._adam.zero_grad()
        return lesson_loss.detach()

    def _drift(self) -> Tensor:
        """How far the network's expectations on old code are from the parent's, in nats a token."""
        last = max(1, len(self._replayed) - self._length)
        starts = torch.randint(0, last, (REPLAYED_WINDOWS,), generator=self._random)
        windows = self._replayed[starts[:, None] + torch.arange(self._length)].to(self._device)
        with torch.no_grad():
            expected = _log_chances(self._parent, self._parent(windows).flatten(0, 1))
        found = _log_chances(self.network, self.network(windows).flatten(0, 1))
        return functional.kl_div(found, expected, reduction="batchmean", log_target=True)

    def _lesson_loss(self) -> Tensor:
        chosen = torch.randperm(len(self._lessons), generator=self._random)[:LESSONS_A_STEP].tolist()
        drawn = [self._lessons[number] for number in chosen]
        longest = max(len(tokens) for tokens, _begins in drawn)
        # What stands behind a lesson's end is not seen by what stands before it.
        rows = torch.stack([functional.pad(tokens, (0, longest - len(tokens))) for tokens, _begins in drawn])
        wanted = torch.zeros(rows.shape, dtype=torch.bool)
        for row, (tokens, begins) in enumerate(drawn):
            wanted[row, begins : len(tokens)] = True
        rows, wanted = rows.to(self._device), wanted[:, 1:].to(self._device)
        found = _log_chances(self.network, self.network(rows[:, :-1])[wanted])
        return functional.nll_loss(found, rows[:, 1:][wanted])


def _log_chances(network: SmallTransformer, hidden: Tensor) -> Tensor:
    """Log-probabilities of the next token, shape (rows, vocabulary)."""
    return (hidden @ network.embedding.to(hidden.dtype).T).float().log_softmax(dim=1)
