"""Timing without waiting: the clock is the test's own."""

import torch

from dlcodegen_core.export.timing import FEWEST, MOST, medians_ms
from dlcodegen_core.threads import one_torch_thread


class Clock:
    """Moves only when something is calculated."""

    def __init__(self):
        self.now = 0.0
        self.calls = []

    def takes(self, name, *seconds):
        left = list(seconds)

        def calculate():
            self.calls.append(name)
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return calculate


def test_each_is_told_its_own_median_whatever_its_first_time_was():
    clock = Clock()
    calculations = {"slow": clock.takes("slow", 9.0, 0.5, 0.5, 3.0, 0.25), "fast": clock.takes("fast", 1.0, 0.125)}
    found = medians_ms(calculations, seconds=0.0, now=lambda: clock.now)
    assert found == {"slow": 500.0, "fast": 125.0}
    assert clock.calls == ["slow", "fast"] * (FEWEST + 1)


def test_what_is_fast_is_timed_often_but_not_for_ever():
    clock = Clock()
    medians_ms({"fast": clock.takes("fast", 0.0)}, seconds=1.0, now=lambda: clock.now)
    assert len(clock.calls) == MOST + 1


def test_pytorch_has_its_threads_back_afterwards():
    before = torch.get_num_threads()
    with one_torch_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
