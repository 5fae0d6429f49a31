"""Progress is told at once, then at most ten times a second, and never backwards."""

import pytest

from dlcodegen_core.data.intake.progress import Heartbeat


def test_a_listener_hears_at_once_and_then_again_after_a_while() -> None:
    heard: list[tuple[int, int]] = []
    now = [0.0]
    heartbeat = Heartbeat(lambda done, total: heard.append((done, total)), lambda: now[0])
    for number in range(10):
        now[0] = number * 0.04
        heartbeat.beat(number, 20)
    heartbeat.still()
    heartbeat.tell(4, 20)
    assert heard == [(0, 20), (3, 20), (6, 20), (9, 20), (9, 20)]


def test_what_a_listener_raises_passes_and_is_remembered() -> None:
    def stop(done: int, total: int) -> None:
        raise ValueError("enough")

    heartbeat = Heartbeat(stop)
    with pytest.raises(ValueError, match="enough") as caught:
        heartbeat.beat(0, 0)
    assert heartbeat.stopped_by is caught.value


def test_without_a_listener_nothing_happens() -> None:
    Heartbeat(None).beat(1, 2)
