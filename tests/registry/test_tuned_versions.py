"""Verdicts of fine-tunings become aliases, once, whoever gets to it."""

import shutil

import pytest

from benchmarks.kills import save_small_version
from dlcodegen_core.registry.tuned_versions import SETTLED_FILE, pin_production, settle_tunings, settlement_of
from dlcodegen_core.registry.versions import VersionStore
from dlcodegen_core.training.events import Finished, TrainMetrics, to_line
from dlcodegen_core.training.job import JobFolder, TrainRequest


@pytest.fixture
def versions(tmp_path):
    return VersionStore(tmp_path / "versions")


@pytest.fixture
def tuned(versions, tmp_path):
    """Make a version as a fine-tuning does, and the folder of the job that made it."""

    def make(verdict, parent="v1"):
        version = save_small_version(versions.root, parent=parent, tuning={"verdict": verdict})
        job = JobFolder(tmp_path / "jobs" / f"{int(version[1:]):06d}")
        job.path.mkdir(parents=True)
        job.write_request(TrainRequest("Your feedback", 1, parent=parent))
        with job.open_events() as events:
            events.write(to_line(Finished(TrainMetrics(0, 0, None, None, 0, version, 1, 1, 1, 0, 0, 3, {}))))
        return job

    save_small_version(versions.root)
    pin_production(versions)
    return make


def test_before_a_fine_tuning_what_answers_is_made_production(versions):
    pin_production(versions)
    assert versions.alias("production") is None, "of no version there is none to make"
    save_small_version(versions.root)
    save_small_version(versions.root)
    pin_production(versions)
    save_small_version(versions.root)
    pin_production(versions)
    assert versions.alias("production") == "v2"


def test_a_version_judged_fit_takes_its_parents_place_and_can_be_rolled_back(versions, tuned):
    job = tuned("production")
    (settled,) = settle_tunings(versions, [job])
    assert versions.alias("production") == "v2"
    assert settled.note == "v2 is production now, in place of v1." and settlement_of(job) == settled
    assert versions.roll_back() == "v1"
    assert settle_tunings(versions, [job]) == []
    assert versions.alias("production") == "v1", "what a person rolled back stays so"


def test_a_version_that_did_harm_becomes_the_candidate(versions, tuned):
    (settled,) = settle_tunings(versions, [tuned("candidate")])
    assert (versions.alias("production"), versions.alias("candidate")) == ("v1", "v2")
    assert settled.note == "v2 stays candidate; v1 answers on."


def test_of_two_from_one_parent_only_the_first_takes_its_place(versions, tuned):
    jobs = [tuned("production"), tuned("production")]
    first, second = settle_tunings(versions, jobs[::-1])
    assert (first.version, first.alias) == ("v2", "production")
    assert (second.version, second.alias) == ("v3", "candidate")
    assert "production is v2 by now" in second.note


def test_a_move_that_was_made_but_not_noted_is_not_made_again(versions, tuned):
    job = tuned("production")
    settle_tunings(versions, [job])
    versions.roll_back()
    (job.path / SETTLED_FILE).unlink()
    settle_tunings(versions, [job])
    assert versions.alias("production") == "v1" and settlement_of(job) is not None


def test_a_version_that_is_gone_is_let_be(versions, tuned):
    job = tuned("production")
    shutil.rmtree(versions.root / "v2")
    (settled,) = settle_tunings(versions, [job])
    assert settled.alias == "" and "deleted" in settled.note


def test_other_jobs_are_none_of_its_business(versions, tuned, tmp_path):
    job = tuned("production")
    job.write_request(TrainRequest("d", 1))
    unfinished = JobFolder(tmp_path / "jobs" / "000009")
    unfinished.path.mkdir()
    unfinished.write_request(TrainRequest("Your feedback", 1, parent="v1"))
    damaged = JobFolder(tmp_path / "jobs" / "000010")
    damaged.path.mkdir()
    assert settle_tunings(versions, [job, unfinished, damaged]) == []
