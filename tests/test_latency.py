"""One clock, every moment in exactly one stage."""

from dlcodegen_core.latency import LatencyClock


def ticking(*moments):
    return iter(moments).__next__


def test_each_lap_takes_the_time_since_the_last():
    clock = LatencyClock(ticking(0.0, 0.1, 0.4))
    clock.lap("a")
    clock.lap("b")
    assert {stage: round(value) for stage, value in clock.milliseconds().items()} == {"a": 100, "b": 300}


def test_a_stage_met_twice_is_added_up():
    clock = LatencyClock(ticking(0.0, 0.1, 0.2, 0.5))
    for stage in ("a", "b", "a"):
        clock.lap(stage)
    assert round(clock.milliseconds()["a"]) == 400


def test_the_stages_add_up_to_the_total():
    clock = LatencyClock(ticking(10.0, 10.25, 11.5, 13.0))
    for stage in ("a", "b", "c"):
        clock.lap(stage)
    assert sum(clock.milliseconds().values()) == 3000
