"""What feedback must do alike on every database; run on SQLite and on a real PostgreSQL server."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from dlcodegen_core.data.store import DatasetStore, Edits
from dlcodegen_core.errors import DatasetError, FeedbackMissing
from dlcodegen_core.feedback import FEEDBACK_DATASET
from dlcodegen_core.feedback.records import ACCEPTED, EDITED, REJECTED, Feedback, pair_fingerprint
from dlcodegen_core.feedback.statistics import Counts
from dlcodegen_core.feedback.store import FeedbackStore

PROMPT, COMPLETION, CORRECTION = "def area(r):\n    return ", "3.14 * r", "math.pi * r**2"
ACCEPT = Feedback(ACCEPTED, PROMPT, COMPLETION, "v1", context=("import math",), latency_ms=12.5, user="ann", arm="b")
EDIT = Feedback(EDITED, PROMPT, COMPLETION, "v1", correction=CORRECTION, context=("import math",))
REJECT = Feedback(REJECTED, PROMPT, COMPLETION, "v2", context=("import math",))
OTHER = Feedback(ACCEPTED, "a = ", "1", "v2")
TEXT = f"import math\n{PROMPT}"


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


def open_store(engine: Engine, now: Callable[[], datetime] | None = None) -> tuple[FeedbackStore, DatasetStore]:
    datasets = DatasetStore(engine)
    return FeedbackStore(engine, datasets, now or Clock()), datasets


def taught(datasets: DatasetStore) -> list[tuple[str, str]]:
    if datasets.watch(FEEDBACK_DATASET).look() is None:
        return []
    return [(pair.prompt, pair.target) for pair in datasets.pairs(FEEDBACK_DATASET)]


def answered(store: FeedbackStore, text: str = TEXT) -> str | None:
    found = store.memory.find(text)
    return found.text if found else None


def an_event_comes_back_as_it_was_told(engine: Engine) -> None:
    clock = Clock()
    store, datasets = open_store(engine, clock)
    assert store.events() == []
    event = store.record(ACCEPT)
    assert (event.at, event.outcome, event.prompt, event.context) == (clock.time, ACCEPTED, PROMPT, ("import math",))
    assert (event.completion, event.version, event.arm, event.user) == (COMPLETION, "v1", "b", "ann")
    assert (event.latency_ms, event.source, event.similarity, event.retention) == (12.5, "page", 1.0, None)
    living = datasets.living(FEEDBACK_DATASET)
    assert (event.dataset_id, [event.position]) == (living.dataset_id, list(living.positions.values()))
    assert store.events() == [event] == [store.event(event.id)]
    for unknown in (event.id + 1, 0, -1, 2**70):
        with pytest.raises(FeedbackMissing, match=f"There is no feedback {unknown}. The newest is {event.id}"):
            store.event(unknown)


def the_latest_events_come_first_and_can_be_filtered(engine: Engine) -> None:
    store, _datasets = open_store(engine)
    first, second, third = (store.record(feedback).id for feedback in (ACCEPT, REJECT, OTHER))
    assert [event.id for event in store.events()] == [third, second, first]
    assert [event.id for event in store.events(outcome=ACCEPTED)] == [third, first]
    assert [event.id for event in store.events(version="v2", limit=1)] == [third]
    assert [event.id for event in store.events(version="v2", before=third)] == [second]


def what_is_kept_is_taught_once_a_prompt(engine: Engine) -> None:
    store, datasets = open_store(engine)
    store.record(ACCEPT)
    assert (taught(datasets), answered(store)) == ([(TEXT, COMPLETION)], COMPLETION)
    store.record(EDIT)
    assert (taught(datasets), answered(store)) == ([(TEXT, CORRECTION)], CORRECTION)
    store.record(EDIT)
    store.record(OTHER)
    assert taught(datasets) == [(TEXT, CORRECTION), ("a = ", "1")]
    assert datasets.info(FEEDBACK_DATASET).revision == 3
    assert [pair.kind for pair in datasets.pairs(FEEDBACK_DATASET)] == ["corrected", "accepted"]
    assert store.events()[0].position != store.events()[1].position


def a_rejection_takes_out_only_what_taught_exactly_this(engine: Engine) -> None:
    store, datasets = open_store(engine)
    store.record(OTHER)
    store.record(EDIT)
    store.record(REJECT)
    assert answered(store) == CORRECTION
    event = store.record(Feedback(REJECTED, PROMPT, CORRECTION, "v1", context=("import math",), taught_by=2))
    assert (event.similarity, event.position) == (None, None)
    assert (taught(datasets), answered(store)) == ([("a = ", "1")], None)


def what_was_taught_elsewhere_and_is_rejected_here_is_not_offered_here_again(engine: Engine) -> None:
    store, _datasets = open_store(engine)
    store.record(EDIT)
    here, there = f"# here\n{PROMPT}", f"# there\n{PROMPT}"
    found = store.memory.find(here)
    assert found is not None
    event = store.record(Feedback(REJECTED, here, found.text, "v1", taught_by=found.lesson.row_id))
    assert (answered(store, here), answered(store, there), answered(store)) == (None, CORRECTION, CORRECTION)
    assert open_store(engine)[0].memory.find(here) is None  # also after a restart
    store.undo(event.id)
    assert answered(store, here) == CORRECTION
    event = store.record(Feedback(REJECTED, here, found.text, "v1", taught_by=found.lesson.row_id))
    store.record(Feedback(ACCEPTED, here, CORRECTION, "v1"))  # a person may change their mind
    assert answered(store, here) == CORRECTION


def the_last_pair_goes_with_its_dataset_and_a_new_one_is_made(engine: Engine) -> None:
    store, datasets = open_store(engine)
    store.record(ACCEPT)
    store.record(REJECT)
    assert (taught(datasets), answered(store), len(datasets.deleted())) == ([], None, 1)
    store.record(EDIT)
    assert (taught(datasets), answered(store)) == ([(TEXT, CORRECTION)], CORRECTION)


def what_is_edited_in_the_dataset_is_what_is_learned(engine: Engine) -> None:
    store, datasets = open_store(engine)
    event = store.record(EDIT)
    [row] = datasets.page(FEEDBACK_DATASET).rows
    lesson = store.lesson(event)
    assert lesson is not None
    assert lesson.row_id == row.id
    datasets.save(FEEDBACK_DATASET, 1, Edits(changed={row.id: replace(row.pair, target="by hand")}))
    assert answered(store) == "by hand"


def undoing_goes_back_to_what_was_taught_before(engine: Engine) -> None:
    store, datasets = open_store(engine)
    store.record(OTHER)
    first = store.record(ACCEPT)
    second = store.record(EDIT)
    store.undo(second.id)
    assert (answered(store), store.events()[0].id) == (COMPLETION, first.id)
    rejection = store.record(REJECT)
    assert answered(store) is None
    store.undo(rejection.id)
    assert answered(store) == COMPLETION
    store.undo(first.id)
    assert (answered(store), taught(datasets)) == (None, [("a = ", "1")])
    with pytest.raises(FeedbackMissing):
        store.undo(first.id)
    again = store.record(REJECT)
    store.undo(again.id)
    assert again.id > second.id  # a late note to an undone event must not find another one
    assert answered(store) is None


def what_was_accepted_and_thrown_away_is_not_taught(engine: Engine) -> None:
    store, datasets = open_store(engine)
    store.record(OTHER)
    event = store.record(ACCEPT)
    later = store.note_later(event.id, f"{TEXT}{COMPLETION}\n", 30)
    assert (later.retention, later.retention_seconds, answered(store)) == (1.0, 30.0, COMPLETION)
    later = store.note_later(event.id, f"{TEXT}raise NotImplementedError\n", 60.5)
    assert later.retention is not None
    assert later.retention < 0.5
    assert (later.retention_seconds, answered(store), taught(datasets)) == (60.5, None, [("a = ", "1")])
    corrected = store.record(EDIT)
    assert store.note_later(corrected.id, TEXT, 1).retention == 0.0
    assert answered(store) == CORRECTION  # a correction is a person's own word


def everything_said_is_counted_by_version_and_day(engine: Engine) -> None:
    clock = Clock()
    store, _datasets = open_store(engine, clock)
    for feedback in (ACCEPT, EDIT, OTHER):
        store.record(feedback)
    clock.time += timedelta(days=2)
    event = store.record(OTHER)
    store.record(REJECT)
    store.record(Feedback(ACCEPTED, PROMPT, CORRECTION, "v2", taught_by=1))
    store.note_later(event.id, "a = 1", 5)
    told = store.statistics()
    assert [(one.version, one.counts) for one in told.versions] == [("v2", Counts(2, 0, 1)), ("v1", Counts(1, 1, 0))]
    second, first = told.versions
    assert (second.similarity, second.retention, second.retained) == (1.0, 1.0, 1)
    assert first.similarity is not None
    assert 0.5 < first.similarity < 1.0
    assert (first.retention, first.retained, first.counts.rate(EDITED)) == (None, 0, 0.5)
    assert [(str(one.day), one.counts.total) for one in told.days] == [("2026-03-01", 3), ("2026-03-03", 3)]
    assert (told.taught, told.total, told.forgotten) == (Counts(1), 6, 0)
    assert Counts().rate(ACCEPTED) is None


def forgetting_takes_all_that_was_said_about_a_prompt(engine: Engine) -> None:
    store, datasets = open_store(engine)
    store.record(OTHER)
    said = [store.record(feedback).id for feedback in (ACCEPT, EDIT, REJECT)]
    plan = store.about_to_forget(said[1])
    assert plan.event_ids == tuple(said)
    assert len(plan.row_ids) == 2
    assert set(plan.fingerprints) == {pair_fingerprint(TEXT, COMPLETION), pair_fingerprint(TEXT, CORRECTION)}
    assert store.forget(said[1]) == plan
    assert (answered(store), taught(datasets)) == (None, [("a = ", "1")])
    for event in (store.event(each) for each in said):
        assert (event.prompt, event.context, event.completion, event.correction) == ("", (), "", "")
        assert (event.forgotten, event.version[0]) == (True, "v")
        assert store.lesson(event) is None
    assert datasets.rows_ever(FEEDBACK_DATASET, TEXT) == []
    assert store.statistics().forgotten == 3
    assert store.statistics().total == 4
    assert store.forget(said[1]).row_ids == ()  # twice does no harm
    assert [event.forgotten for event in store.events()] == [True, True, True, False]


def a_pair_can_be_forgotten_by_its_row_also_when_its_prompt_was_edited(engine: Engine) -> None:
    store, datasets = open_store(engine)
    store.record(OTHER)
    event = store.record(EDIT)
    row = datasets.page(FEEDBACK_DATASET).rows[-1]
    datasets.save(FEEDBACK_DATASET, 2, Edits(changed={row.id: replace(row.pair, prompt="def circle(r):\n    return ")}))
    edited = datasets.page(FEEDBACK_DATASET).rows[-1]
    assert answered(store, "def circle(r):\n    return ") == CORRECTION
    plan = store.forget(row_id=edited.id)
    assert (plan.event_ids, len(plan.row_ids)) == ((event.id,), 2)
    assert store.event(event.id).forgotten
    assert answered(store, "def circle(r):\n    return ") is None
    with pytest.raises(FeedbackMissing, match="nothing to forget"):
        store.about_to_forget(row_id=edited.id)


def the_very_last_pair_can_be_forgotten(engine: Engine) -> None:
    store, datasets = open_store(engine)
    event = store.record(EDIT)
    store.forget(event.id)
    assert (answered(store), taught(datasets)) == (None, [])
    assert datasets.rows_ever(FEEDBACK_DATASET, TEXT) == []


def a_text_that_can_be_no_pair_leaves_no_event(engine: Engine) -> None:
    store, _datasets = open_store(engine)
    blank = Feedback(ACCEPTED, " " * 100_000, "1", "v1", context=("x",))
    with pytest.raises(DatasetError, match="prompt is empty"):
        store.record(blank)
    assert store.events() == []


def many_at_once_lose_nothing(engine: Engine) -> None:
    stores = [open_store(engine)[0] for _ in range(3)]
    failed: list[BaseException] = []

    def tell(store: FeedbackStore, name: str) -> None:
        try:
            for number in range(4):
                store.record(Feedback(ACCEPTED, f"{name}{number} = ", "1", "v1"))
                store.record(Feedback(EDITED, PROMPT, "x", "v1", correction=f"{name}{number}"))
        except BaseException as exc:
            failed.append(exc)

    threads = [threading.Thread(target=tell, args=(store, name)) for store, name in zip(stores, "abc", strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, [str(one) for one in failed]
    pairs = DatasetStore(engine).pairs(FEEDBACK_DATASET)
    assert len(pairs) == 3 * 4 + 1  # one pair a prompt, also where three teach it at once
    assert len(stores[0].events(limit=100)) == 24


CONTRACT = [
    an_event_comes_back_as_it_was_told,
    the_latest_events_come_first_and_can_be_filtered,
    what_is_kept_is_taught_once_a_prompt,
    a_rejection_takes_out_only_what_taught_exactly_this,
    what_was_taught_elsewhere_and_is_rejected_here_is_not_offered_here_again,
    the_last_pair_goes_with_its_dataset_and_a_new_one_is_made,
    what_is_edited_in_the_dataset_is_what_is_learned,
    undoing_goes_back_to_what_was_taught_before,
    what_was_accepted_and_thrown_away_is_not_taught,
    everything_said_is_counted_by_version_and_day,
    forgetting_takes_all_that_was_said_about_a_prompt,
    a_pair_can_be_forgotten_by_its_row_also_when_its_prompt_was_edited,
    the_very_last_pair_can_be_forgotten,
    a_text_that_can_be_no_pair_leaves_no_event,
    many_at_once_lose_nothing,
]
