"""The store on SQLite: its contract, and how a prediction fares while things change or fail."""

import logging
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from dlcodegen_core.errors import ModelError, StorageError
from dlcodegen_core.experiments import ACCEPTED, REJECTED, Arm, ExperimentStore, Outcome
from dlcodegen_core.experiments.store import FRESH_SECONDS, REFUSED_SECONDS
from dlcodegen_core.storage.database import open_database
from tests.experiments.contract import CONTRACT, TWO


class Clock:
    seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def opened(tmp_path, clock):
    """Opens the same database as another process would."""
    engines = []

    def open_it(**options):
        engines.append(open_database(f"sqlite:///{tmp_path / 'workbench.sqlite'}"))
        return ExperimentStore(engines[-1], clock=clock, **options)

    yield open_it
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize("rule", CONTRACT, ids=lambda rule: rule.__name__)
def test_sqlite_keeps_the_contract(opened, rule):
    rule(opened)


def test_without_a_test_there_is_nothing_to_choose(opened):
    assert opened().choose("ann") is None


def test_a_user_stays_in_an_arm_after_a_restart(opened):
    store = opened()
    store.start("", TWO)
    before = [store.choose(f"user {number}") for number in range(50)]
    again = opened()
    assert [again.choose(f"user {number}") for number in range(50)] == before
    assert {chosen.version for chosen in before} == {"v1", "v2"}


def test_another_process_is_heard_of_after_a_second(opened, clock):
    here, there = opened(), opened()
    assert here.choose() is None
    test = there.start("", TWO).id
    assert here.choose() is None
    clock.seconds += FRESH_SECONDS
    assert here.choose() is not None
    there.stop(test)
    clock.seconds += FRESH_SECONDS
    assert here.choose() is None


def test_choosing_is_answered_from_memory(opened):
    store = opened()
    store.start("", TWO)
    store.choose("ann")
    began = time.perf_counter()
    for _each in range(1000):
        store.choose("ann")
    assert (time.perf_counter() - began) / 1000 < 100e-6


def test_a_version_that_went_away_ends_the_test_with_a_sentence(opened, clock):
    gone = set()

    def check(version):
        if version in gone:
            raise ModelError(f"There is no model version {version!r}.")

    store = opened(check=check)
    test = store.start("", TWO).id
    gone.add("v2")
    clock.seconds += FRESH_SECONDS
    assert store.choose("ann") is None
    over = store.experiment(test)
    assert over.ended_because == "v2 could not be used any more. There is no model version 'v2'."
    assert over.conclusion


def test_a_test_does_not_start_with_a_version_that_is_not_there(opened):
    def check(version):
        raise ModelError(f"There is no model version {version!r}.")

    with pytest.raises(ModelError, match="no model version 'v1'"):
        opened(check=check).start("", TWO)


def test_a_shadow_that_went_away_is_left_out_and_the_test_goes_on(opened, clock):
    gone = set()

    def check(version):
        if version in gone:
            raise ModelError("gone")

    store = opened(check=check)
    store.start("", TWO, shadow="v3")
    assert store.choose("ann").shadow == "v3"
    gone.add("v3")
    clock.seconds += FRESH_SECONDS
    assert store.choose("ann").shadow == ""


def test_a_prediction_that_failed_ends_the_test(opened):
    store = opened()
    test = store.start("", TWO).id
    store.broken(store.choose("ann").arm, "Its weights are damaged.")
    assert store.choose("ann") is None
    assert store.experiment(test).ended_because.endswith("Its weights are damaged.")


def test_a_database_that_refuses_fails_no_prediction(opened, tmp_path, clock, caplog):
    store, other = opened(), opened()
    test = store.start("", TWO).id
    chosen = store.choose("ann")
    with other._engine.begin() as connection:
        connection.execute(text("ALTER TABLE ab_tests RENAME TO away"))
    clock.seconds += FRESH_SECONDS
    with caplog.at_level(logging.WARNING):
        assert store.choose("ann") == chosen  # the last that was known
        store.record_shadow(chosen, "a", "b", 1.0)
        store.broken(chosen.arm, "…")
    assert "could not be looked up" in caplog.text
    with pytest.raises(StorageError):
        store.record(Outcome(chosen.arm, chosen.version, ACCEPTED))
    with other._engine.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO ab_tests"))
    clock.seconds += REFUSED_SECONDS
    other.stop(test)
    assert store.choose("ann") is None


def test_a_database_that_never_worked_means_no_test(tmp_path):
    (tmp_path / "a.sqlite").write_bytes(b"this is no database at all " * 100)
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    assert ExperimentStore(engine).choose("ann") is None
    engine.dispose()


def test_results_are_kept_until_something_new_comes(opened):
    store = opened()
    test = store.start("", TWO).id
    first = store.results(test)
    assert store.results(test) is first
    store.record(Outcome(f"{test}:A", "v1", ACCEPTED))
    assert store.results(test).outcomes == 1


def test_what_was_found_is_written_down_at_the_end(opened):
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    store = opened(now=lambda: moment)
    test = store.start(" which? ", (Arm("v1", 0.5), Arm("v2", 0.5))).id
    for number in range(60):
        store.record(Outcome(f"{test}:A", "v1", REJECTED, request=f"a{number}"))
        store.record(Outcome(f"{test}:B", "v2", ACCEPTED, request=f"b{number}"))
    over = store.stop(test, "v2 was promoted.")
    assert (over.name, over.started_at, over.ended_at) == ("which?", moment, moment)
    assert over.conclusion.startswith("v2 is better than v1: 100% of its answers are accepted, against 0%.")
    assert store.stop(test, "again") == over


def test_neither_name_nor_text_of_a_person_is_written_down(opened, tmp_path):
    store = opened()
    test = store.start("", TWO, shadow="v3").id
    store.record(Outcome(f"{test}:A", "v1", ACCEPTED, user="ann@example.org", question="q", kept="secret = 1"))
    held = b"".join(file.read_bytes() for file in tmp_path.glob("workbench.sqlite*"))
    assert b"ann@example.org" not in held and b"secret = 1" not in held


def test_a_shadows_texts_go_when_the_test_ends(opened, tmp_path):
    store = opened()
    test = store.start("", TWO, shadow="v3").id
    store.record_shadow(store.choose("ann"), "a", "what the shadow said", 1.0, "q")
    store.stop(test)
    with store._engine.connect() as connection:
        assert connection.execute(text("SELECT text FROM ab_shadows")).all() == [("",)]
    assert store.results(test).shadow.answers == 1
