"""Indices built in real processes: by a task to the end, called off, and killed."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dlcodegen_core import DLCodeGen, Settings
from dlcodegen_core.data.demo import EXAMPLE_PAIRS, standard_library_pairs
from dlcodegen_core.retrieval import IndexStatus
from dlcodegen_core.tasks.kinds import INDEX
from dlcodegen_core.tasks.task import TaskState

pytestmark = pytest.mark.service
LONGEST_SECONDS = 100
PAIRS = 300


@pytest.fixture
def service(tmp_path: Path) -> Iterator[DLCodeGen]:
    service = DLCodeGen(Settings(home=tmp_path / "home", embedder="local"))
    yield service
    service.close()


def _until(service: DLCodeGen, task: str, wanted: Callable[[TaskState], bool]) -> TaskState:
    end = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < end:
        state = service.tasks.state(task)
        assert state is not None
        if wanted(state):
            return state
        time.sleep(0.02)
    raise AssertionError(f"it did not come so far: {service.tasks.state(task)}")


def test_a_dataset_is_indexed_by_a_task_and_asked_from_here(service: DLCodeGen) -> None:
    service.datasets.create("d", EXAMPLE_PAIRS)
    assert service.workshop.index_state("d").status is IndexStatus.MISSING
    done = _until(service, service.tasks.start(INDEX, "d", {"dataset": "d"}), lambda state: not state.running)
    assert (done.error, done.result) == ("", {"pairs": 3, "revision": 1})
    (nearest,) = service.workshop.nearest("d", "async function fetchData(url) {", 1)
    assert nearest.pair == EXAMPLE_PAIRS[0]


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_build_that_ends_early_is_finished_by_the_next(service: DLCodeGen, is_killed: bool) -> None:
    pairs = standard_library_pairs(PAIRS)
    service.datasets.create("d", pairs)
    task = service.tasks.start(INDEX, "d", {"dataset": "d"})
    _until(service, task, lambda state: state.what == "building the index")
    if is_killed:
        os.kill(service.tasks._workers[task].pid, signal.SIGKILL)
        assert "ended from outside" in _until(service, task, lambda state: not state.running).error
    else:
        service.tasks.cancel(task)
    assert service.workshop.index_state("d").status is IndexStatus.HALF_BUILT
    assert service.workshop.build_index("d").status is IndexStatus.CURRENT
    for pair in pairs[::30]:
        assert service.workshop.nearest("d", pair.prompt, 1)[0].similarity == pytest.approx(1, abs=1e-4)
