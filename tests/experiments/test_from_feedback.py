"""Feedback as it is really kept, counted in a test."""

import pytest

from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.errors import ExperimentError
from dlcodegen_core.experiments import ACCEPTED, EDITED, REJECTED, Arm, ExperimentStore
from dlcodegen_core.experiments.from_feedback import outcome_of, question_key
from dlcodegen_core.feedback.records import Feedback
from dlcodegen_core.feedback.store import FeedbackStore
from dlcodegen_core.storage.database import open_database


@pytest.fixture
def stores(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'workbench.sqlite'}")
    yield FeedbackStore(engine, DatasetStore(engine)), ExperimentStore(engine)
    engine.dispose()


def test_what_people_say_is_counted_and_held_against_the_shadow(stores):
    feedback, experiments = stores
    test = experiments.start("", (Arm("v1"), Arm("v2")), shadow="v3").id
    chosen = experiments.choose("ann")
    experiments.record_shadow(chosen, "sum(x)", "total", 5.0, question_key("y = ", ("x = []",)))
    for result, completion, correction in (
        (EDITED, "sum(x)", "total"),
        (ACCEPTED, "sum(x)", ""),
        (REJECTED, "sum(x)", ""),
    ):
        said = Feedback(
            result, "y = ", completion, chosen.version, correction, ("x = []",), chosen.arm, "ann", latency_ms=3.0
        )
        outcome = outcome_of(feedback.record(said))
        assert experiments.record(outcome)
        assert not experiments.record(outcome)
    told = experiments.results(test)
    arm = next(arm for arm in told.arms if arm.version == chosen.version)
    assert (arm.counts, arm.users, arm.latency_ms) == ({ACCEPTED: 1, EDITED: 1, REJECTED: 1}, 1, 3.0)
    assert (told.shadow.compared, told.shadow.kept_by_shadow < 1) == (2, True)


def test_what_belongs_to_no_test_is_not_counted(stores):
    feedback, _experiments = stores
    assert outcome_of(feedback.record(Feedback(ACCEPTED, "y = ", "1", "v1"))) is None


def test_a_taught_answer_says_nothing_about_a_version(stores):
    feedback, _experiments = stores
    assert outcome_of(feedback.record(Feedback(ACCEPTED, "y = ", "1", "v1", arm="1:A", taught_by=3))) is None


def test_an_arm_that_names_none_is_refused(stores):
    feedback, _experiments = stores
    with pytest.raises(ExperimentError, match="names no arm"):
        outcome_of(feedback.record(Feedback(ACCEPTED, "y = ", "1", "v1", arm="green")))


def test_a_question_is_told_by_its_context_too():
    assert question_key("y = ") != question_key("y = ", ("x = 1",))
    assert question_key("y = \ud800") == question_key("y = \ud800")
