"""Events as lines of a file: each survives the journey, and a line cut short is no event."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.training.events import (
    ENDINGS,
    PHASES,
    Discarded,
    EpochEnded,
    Event,
    Failed,
    Finished,
    Guess,
    PhaseProgress,
    Started,
    TrainMetrics,
    Waiting,
    from_line,
    to_line,
)

METRICS = TrainMetrics(0.1, 0.9, 0.2, 0.8, 12.5, "v3", 7, 50, 85, 15, 0.25, 100, {"fitting": 3.5, "saving": 0.1})
EVENTS: tuple[Event, ...] = (
    Waiting(),
    Started(1_767_225_600.25, resumed=True),
    PhaseProgress("embedding", 64, 2000, 1.5),
    EpochEnded(3, 50, 0.5, 0.75, None, None, 1.25, True, (Guess("def f", "(", "(", 0.5), Guess("x", "=", "", 0.1))),
    Finished(METRICS, stopped=True),
    Discarded(),
    Failed('The disk is full.\nFree "some" space. \ud800 مرحبا \u2028'),
)

numbers = st.floats(allow_nan=False)
counts = st.integers(0, 2**60)
texts = st.text(st.characters(codec=None))
shares = st.none() | numbers
metrics = st.builds(
    TrainMetrics,
    loss=numbers,
    accuracy=numbers,
    val_loss=shares,
    val_accuracy=shares,
    seconds=numbers,
    version=texts,
    epoch=counts,
    epochs=counts,
    samples=counts,
    held_out_samples=counts,
    unknown_share=numbers,
    vocabulary_size=counts,
    seconds_by_phase=st.dictionaries(st.sampled_from(PHASES), numbers),
)
guesses = st.builds(Guess, texts, texts, texts, numbers)
events = st.one_of(
    st.just(Waiting()),
    st.builds(Started, numbers, st.booleans()),
    st.builds(PhaseProgress, st.sampled_from(PHASES), counts, counts, numbers),
    st.builds(
        EpochEnded,
        counts,
        counts,
        numbers,
        numbers,
        shares,
        shares,
        numbers,
        st.booleans(),
        st.lists(guesses, max_size=3).map(tuple),
    ),
    st.builds(Finished, metrics, st.booleans()),
    st.just(Discarded()),
    st.builds(Failed, texts),
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_every_event_survives_its_line(event: Event) -> None:
    assert from_line(to_line(event)) == event


def test_all_kinds_of_events_are_tried_here() -> None:
    assert {type(event) for event in EVENTS} == set(Event.__args__)
    assert len({event.kind for event in EVENTS}) == len(EVENTS)
    assert set(ENDINGS) <= set(Event.__args__)


@given(events)
def test_whatever_an_event_says_survives_its_line(event: Event) -> None:
    line = to_line(event)
    assert line.isascii() and line.endswith("\n") and len(line.splitlines()) == 1
    assert from_line(line) == event


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_a_line_cut_short_anywhere_is_no_event(event: Event) -> None:
    line = to_line(event).rstrip("\n")
    assert [from_line(line[:length]) for length in range(len(line))] == [None] * len(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "\n",
        "null",
        "5",
        "[]",
        '"waiting"',
        "{}",
        '{"kind": null}',
        '{"kind": []}',
        '{"kind": "unheard of"}',
        '{"kind": "started"}',
        '{"kind": "finished", "metrics": {"loss": 1}}',
        '{"kind": "finished", "metrics": 1}',
        '{"kind": "epoch", "guesses": 1}',
        '{"kind": "epoch", "guesses": [1]}',
        "\ufffd\ufffd",
    ],
)
def test_a_line_that_tells_no_event_is_none(line: str) -> None:
    assert from_line(line) is None


def test_what_a_newer_program_adds_to_an_event_is_passed_over() -> None:
    value = json.loads(to_line(Failed("no")))
    assert from_line(json.dumps({**value, "hint": "yes"})) == Failed("no")
