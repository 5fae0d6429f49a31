"""How many threads a training step gets: whatever was fastest, asked anew now and then."""

from itertools import pairwise

import pytest
import torch

from dlcodegen_core.training.sequence.thread_choice import PROBE_AFTER_SECONDS, ThreadChoice


class Machine:
    """A clock, and steps that take so long with so many threads."""

    def __init__(self, **seconds: float) -> None:
        self.time = 0.0
        self.seconds = seconds
        self.steps: list[int] = []

    def step(self) -> torch.Tensor:
        threads = torch.get_num_threads()
        self.steps.append(threads)
        self.time += self.seconds["two" if threads == 2 else "one"]
        return torch.zeros(1)


@pytest.fixture(autouse=True)
def _threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def choose(machine: Machine, steps: int, choice: ThreadChoice | None = None) -> ThreadChoice:
    choice = choice or ThreadChoice(lambda: machine.time, cores=2)
    for _step in range(steps):
        choice.timed(machine.step)
    return choice


def test_a_quiet_machine_gives_all_its_cores():
    machine = Machine(one=0.3, two=0.2)
    assert choose(machine, 6).chosen == 2
    assert machine.steps == [2, 1, 2, 2, 2, 2]
    assert torch.get_num_threads() == 2


def test_a_busy_machine_gives_half_of_them():
    machine = Machine(one=0.3, two=1.5)
    choose(machine, 6)
    assert machine.steps == [2, 1, 1, 1, 1, 1]


def test_the_choice_changes_when_the_machine_becomes_quiet():
    machine = Machine(one=0.3, two=1.5)
    choice = choose(machine, 6)
    machine.seconds["two"] = 0.2
    choose(machine, int(PROBE_AFTER_SECONDS / 0.3) + 2, choice)
    assert choice.chosen == 2


def test_the_slower_one_is_tried_ever_more_seldom():
    machine = Machine(one=0.3, two=1.5)
    choose(machine, 400)
    tries = [place for place, threads in enumerate(machine.steps) if threads == 2]
    gaps = [after - before for before, after in pairwise(tries)]
    assert gaps == sorted(gaps) and gaps[-1] > 3 * gaps[1]


def test_one_core_is_one_thread():
    machine = Machine(one=0.1, two=0.1)
    choose(machine, 3, ThreadChoice(lambda: machine.time, cores=1))
    assert machine.steps == [1, 1, 1]
