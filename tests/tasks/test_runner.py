"""Tasks in real processes: how they end, and that nothing of them stays behind."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlcodegen_core.config import Settings
from dlcodegen_core.errors import WorkbenchError
from dlcodegen_core.tasks.runner import TaskRunner
from dlcodegen_core.tasks.task import TaskFolder, TaskState

LONGEST_SECONDS = 60


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[TaskRunner]:
    runner = TaskRunner(Settings(home=tmp_path, embedder="local"))
    yield runner
    runner.close()


def _wait(runner: TaskRunner, task: str) -> TaskState:
    """The state of the task once it is over."""
    end = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < end:
        state = runner.state(task)
        assert state is not None
        if not state.running:
            return state
        time.sleep(0.02)
    raise AssertionError(f"the task goes on and on: {runner.state(task)}")


def test_an_error_of_the_task_is_told_in_its_own_words(runner: TaskRunner) -> None:
    task = runner.start("report", "v9", {"version": "v9"})
    state = _wait(runner, task)
    assert (state.kind, state.subject, state.result) == ("report", "v9", None)
    assert "v9" in state.error
    assert runner.latest("report") == state
    assert runner.latest("report", "v8") is None


def test_a_mistake_of_ours_is_a_sentence_too(runner: TaskRunner) -> None:
    state = _wait(runner, runner.start("no such kind", "x", {}))
    assert state.error.startswith("This met an internal error (KeyError)")


def test_a_task_that_is_called_off_is_over_and_tells_nothing(runner: TaskRunner) -> None:
    task = runner.start("report", "v9", {"version": "v9"})
    with pytest.raises(WorkbenchError, match="at work already"):
        runner.start("report", "v9", {"version": "v9"})
    runner.cancel(task)
    state = runner.state(task)
    assert state is not None
    assert (state.running, state.error, state.result) == (False, "", None)
    runner.forget(task)
    assert runner.state(task) is None
    assert not runner.folder(task).path.exists()


def test_a_killed_task_says_so(runner: TaskRunner) -> None:
    task = runner.start("report", "v9", {"version": "v9"})
    os.kill(runner._workers[task].pid, signal.SIGKILL)
    assert "ended from outside" in _wait(runner, task).error


def test_a_task_of_nobody_is_not_known(runner: TaskRunner) -> None:
    assert runner.state("../../etc") is None
    runner.cancel("nothing")
    runner.forget("nothing")


def test_progress_is_told_at_most_some_times_a_second(tmp_path: Path) -> None:
    folder = TaskFolder(tmp_path)
    folder.write_request("import", "mine", {})
    folder.tell("reading", 1, 4)
    folder.tell("reading", 2, 4)
    state = folder.state(running=True)
    assert (state.what, state.done, state.total, state.share) == ("reading", 1, 4, 0.25)
    folder.finish({"pairs": 7})
    over = TaskState(tmp_path.name, "import", "mine", False, "reading", 1, 4, "", {"pairs": 7})
    assert folder.state(running=True) == over
