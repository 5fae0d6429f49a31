"""From a question to an answer: who is dealt which version, what was taught, and what a failing database costs."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlcodegen_core.errors import ModelError, StorageError
from dlcodegen_core.experiments import Arm
from dlcodegen_core.feedback.records import EDITED, REJECTED, Feedback
from dlcodegen_core.service import DLCodeGen
from tests.test_service import DigestEmbedder, _add_version, embedder, service, trained

__all__ = ["embedder", "service", "trained"]  # fixtures
PROMPT = "import json\n\nvalue = json."


@pytest.fixture
def two_versions(trained: DLCodeGen) -> Iterator[DLCodeGen]:
    _add_version(trained, "v2")
    return trained


def _feedback(service: DLCodeGen, outcome: str, correction: str = "", arm: str = "", version: str = "v1") -> Feedback:
    return Feedback(outcome, PROMPT, "dump(", version, correction, arm=arm)


def test_a_correction_is_answered_at_once_and_forgotten_at_once(trained: DLCodeGen) -> None:
    before = trained.predict(PROMPT)
    event = trained.answers.tell(_feedback(trained, EDITED, "loads(text)"))
    taught = trained.predict(PROMPT)
    assert taught.completion == "loads(text)" and taught.taught_by is not None
    assert taught.cached, "what the model says still comes from the cache"
    trained.feedback.forget(event.id)
    after = trained.predict(PROMPT)
    assert after.completion == before.completion and after.taught_by is None


def test_a_correction_is_learned_within_a_second(trained: DLCodeGen) -> None:
    began = time.monotonic()
    trained.answers.tell(_feedback(trained, EDITED, "loads(text)"))
    assert trained.predict(PROMPT).completion == "loads(text)"
    # The figure is measured elsewhere; here only that nothing waits for a training.
    assert time.monotonic() - began < 30


def test_production_answers_where_no_test_runs(two_versions: DLCodeGen) -> None:
    assert two_versions.predict("def f").version == "v2"
    two_versions.versions.promote("v1")
    answer = two_versions.predict("def f")
    assert (answer.version, answer.arm) == ("v1", "")


def test_a_running_test_deals_versions_and_each_user_keeps_theirs(two_versions: DLCodeGen) -> None:
    two_versions.experiments.start("", [Arm("v1"), Arm("v2")])
    dealt = {user: two_versions.predict("def f", user=user) for user in map(str, range(24))}
    assert {answer.version for answer in dealt.values()} == {"v1", "v2"}
    for user, answer in dealt.items():
        again = two_versions.predict("def g", user=user)
        assert (again.version, again.arm) == (answer.version, answer.arm) and again.arm


def test_a_version_that_is_named_is_no_part_of_a_test(two_versions: DLCodeGen) -> None:
    two_versions.experiments.start("", [Arm("v1"), Arm("v2")])
    answer = two_versions.predict("def f", version="v1")
    assert (answer.version, answer.arm) == ("v1", "")


def test_what_is_said_of_an_answer_counts_in_its_test(two_versions: DLCodeGen) -> None:
    test = two_versions.experiments.start("", [Arm("v1"), Arm("v2")])
    answer = two_versions.predict("def f", user="me")
    two_versions.answers.tell(Feedback(REJECTED, "def f", answer.completion, answer.version, arm=answer.arm))
    assert two_versions.experiments.results(test.id).outcomes == 1


def test_a_feedback_with_a_foreign_arm_is_kept_all_the_same(trained: DLCodeGen) -> None:
    event = trained.answers.tell(_feedback(trained, EDITED, "loads(text)", arm="99:A"))
    assert trained.feedback.event(event.id).correction == "loads(text)"


def test_a_shadow_answers_unseen_and_is_compared(two_versions: DLCodeGen) -> None:
    _add_version(two_versions, "v3")
    test = two_versions.experiments.start("", [Arm("v1"), Arm("v2")], shadow="v3")
    answers = [two_versions.predict(f"def f{number}", user="me") for number in range(3)]
    assert "v3" not in {answer.version for answer in answers}
    two_versions.answers._shadows.shutdown(wait=True)
    shadow = two_versions.experiments.results(test.id).shadow
    assert shadow is not None and (shadow.version, shadow.answers) == ("v3", 3)


def test_a_version_that_breaks_ends_its_test_and_production_answers(
    two_versions: DLCodeGen, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = two_versions.experiments.start("", [Arm("v1"), Arm("v2")])
    real = two_versions.predictor.predict

    def broken(request, version=None, *rest):
        if version is not None:
            raise ModelError("v1 is damaged.")
        return real(request, version, *rest)

    monkeypatch.setattr(two_versions.predictor, "predict", broken)
    assert two_versions.predict("def f", user="me").version == "v2"
    assert not two_versions.experiments.experiment(test.id).runs


def test_a_database_that_fails_costs_no_answer(trained: DLCodeGen, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise StorageError("The database is locked.")

    monkeypatch.setattr(trained.feedback.memory, "find", refuse)
    monkeypatch.setattr(trained.experiments, "choose", refuse)
    assert trained.predict("def f").version == "v1"


def test_a_home_whose_database_is_no_database_still_predicts(tmp_path: Path, embedder: DigestEmbedder) -> None:
    from dlcodegen_core import Settings
    from dlcodegen_core.features.embedders import Embedders

    home = tmp_path / "home"
    home.mkdir()
    (home / "workbench.sqlite").write_bytes(b"this is no database" * 100)
    service = DLCodeGen(Settings(home=home, embedder="local"))
    service.embedders = Embedders(service.settings, local=embedder)
    _add_version(service, "v1")
    assert service.predict("def f").version == "v1"
    service.close()
    service.embedders.store.close()
