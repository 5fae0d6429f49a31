"""What every database behind the store must do alike; run on SQLite and on a real PostgreSQL server."""

import threading
from collections.abc import Callable

import pytest

from dlcodegen_core.errors import ExperimentError
from dlcodegen_core.experiments import ACCEPTED, EDITED, REJECTED, Arm, ExperimentStore, Outcome

TWO = (Arm("v1"), Arm("v2"))
Opened = Callable[[], ExperimentStore]


def a_test_is_started_seen_by_others_and_stopped(opened: Opened) -> None:
    one, other = opened(), opened()
    assert other.running() is None
    made = one.start("the first", TWO, shadow="v3", measure="kept")
    assert opened().running() == made
    assert (made.name, made.arms, made.shadow, made.measure, made.runs) == ("the first", TWO, "v3", "kept", True)
    over = other.stop(made.id, "enough seen")
    assert not over.runs and over.ended_because == "enough seen" and over.conclusion.startswith("Too early")
    assert opened().running() is None
    assert one.history() == [over]


def one_test_runs_at_a_time_even_if_many_start_at_once(opened: Opened) -> None:
    stores = [opened() for _each in range(4)]
    begun: list[object] = []

    def begin(store: ExperimentStore) -> None:
        try:
            begun.append(store.start("", TWO))
        except ExperimentError as exc:
            begun.append(str(exc))

    threads = [threading.Thread(target=begin, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [each for each in begun if isinstance(each, str)]
    assert refused == ["An A/B test is running already. Stop it first; one runs at a time."] * 3


def outcomes_are_counted_once_a_request_and_only_while_the_test_runs(opened: Opened) -> None:
    store = opened()
    test = store.start("", TWO).id
    assert store.record(Outcome(f"{test}:A", "v1", ACCEPTED, user="ann", request="r1", latency_ms=12.5))
    assert not store.record(Outcome(f"{test}:A", "v1", REJECTED, user="ann", request="r1"))
    assert store.record(Outcome(f"{test}:B", "v2", EDITED, similarity=0.25))
    assert store.record(Outcome(f"{test}:B", "v2", REJECTED))
    first, second = store.results(test).arms
    assert (first.outcomes, first.users, first.latency_ms) == (1, 1, 12.5)
    assert (second.outcomes, second.anonymous, second.kept_similarity) == (2, 2, 0.25)
    store.stop(test)
    assert not store.record(Outcome(f"{test}:A", "v1", ACCEPTED))
    assert store.results(test).outcomes == 3


def an_arm_that_is_none_is_refused(opened: Opened) -> None:
    store = opened()
    test = store.start("", TWO).id
    for arm, version in ((f"{test}:A", "v2"), (f"{test + 1}:A", "v1")):
        with pytest.raises(ExperimentError, match="belongs to no A/B test here"):
            store.record(Outcome(arm, version, ACCEPTED))
    with pytest.raises(ExperimentError, match="There is no A/B test 99"):
        store.results(99)


def a_shadow_is_held_against_what_was_shown_and_kept(opened: Opened) -> None:
    store = opened()
    test = store.start("", TWO, shadow="v3").id
    chosen = store.choose("ann")
    assert chosen is not None and chosen.shadow == "v3"
    store.record_shadow(chosen, "return x", "return x", 10.0, "q1")
    store.record_shadow(chosen, "return x", "pass", 30.0, "q2")
    store.record_shadow(chosen, "return x", "return x ", 20.0)
    store.record(Outcome(chosen.arm, chosen.version, ACCEPTED, question="q1", kept="return x"))
    store.record(Outcome(chosen.arm, chosen.version, EDITED, similarity=0.5, question="q2", kept="return y"))
    store.record(Outcome(chosen.arm, chosen.version, REJECTED, question="q1"))
    store.record(Outcome(chosen.arm, chosen.version, ACCEPTED, question="q3", kept="return x"))
    told = store.results(test).shadow
    assert told is not None
    assert (told.answers, told.same, told.latency_ms) == (3, pytest.approx(2 / 3), 20.0)
    assert (told.compared, told.kept_by_shown) == (2, 0.75)
    assert told.kept_by_shadow is not None and 0.5 <= told.kept_by_shadow < 0.75


def any_text_can_be_kept(opened: Opened) -> None:
    store = opened()
    test = store.start("", TWO, shadow="v3").id
    chosen = store.choose("\ud800\0")
    assert chosen is not None
    odd = "\0<img src=x>\ud800é" * 1000
    store.record_shadow(chosen, odd, odd, 1.0, odd)
    assert store.record(
        Outcome(chosen.arm, chosen.version, ACCEPTED, user="\ud800\0", request=odd, question=odd, kept=odd)
    )
    told = store.results(test)
    assert told.shadow is not None
    assert (told.outcomes, told.shadow.compared, told.shadow.kept_by_shadow) == (1, 1, 1.0)


CONTRACT = (
    a_test_is_started_seen_by_others_and_stopped,
    one_test_runs_at_a_time_even_if_many_start_at_once,
    outcomes_are_counted_once_a_request_and_only_while_the_test_runs,
    an_arm_that_is_none_is_refused,
    a_shadow_is_held_against_what_was_shown_and_kept,
    any_text_can_be_kept,
)
