"""Imports in real processes: to the end, called off and killed."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dlcodegen_core import DLCodeGen, Settings
from dlcodegen_core.data.bringing_in import ImportRequest, Look
from dlcodegen_core.tasks.kinds import EXAMINE, IMPORT, LOOK, MAP, WRITE
from dlcodegen_core.tasks.task import TaskState

pytestmark = pytest.mark.service
LONGEST_SECONDS = 100
SOURCE = "import os\n\n\ndef at(n):\n    first = os.getpid()\n    second = first + n\n    return second\n"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[DLCodeGen]:
    service = DLCodeGen(Settings(home=tmp_path / "home", embedder="local"))
    yield service
    service.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    for number in range(40):
        (folder / f"file{number:02d}.py").write_text(SOURCE.replace("first", f"first_{number}"))
    return folder


@pytest.fixture
def big_table(tmp_path: Path) -> Path:
    """A table that takes some seconds to import."""
    file = tmp_path / "big.jsonl"
    with file.open("w") as out:
        for number in range(150_000):
            pair = {"prompt": f"value_{number} = compute({number}", "completion": f", {number % 7})"}
            out.write(json.dumps(pair) + "\n")
    return file


def _until(service: DLCodeGen, task: str, wanted: Callable[[TaskState], bool]) -> TaskState:
    end = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < end:
        state = service.tasks.state(task)
        assert state is not None
        if wanted(state):
            return state
        time.sleep(0.02)
    raise AssertionError(f"it did not come so far: {service.tasks.state(task)}")


def _done(service: DLCodeGen, task: str) -> TaskState:
    state = _until(service, task, lambda state: not state.running)
    assert state.error == ""
    return state


def test_a_folder_is_looked_into_imported_examined_mapped_and_written(service: DLCodeGen, project: Path) -> None:
    options = {"path": str(project), "shown": "project", "force_in": (), "force_out": ("file00.py",)}
    looked = _done(service, service.tasks.start(LOOK, "project", options))
    assert looked.result is not None
    assert Look.from_json(looked.result["look"]).file_count == 39
    request = ImportRequest(project, "mine")
    imported = _done(service, service.tasks.start(IMPORT, "mine", request.to_json()))
    assert imported.result == {"name": "mine", "pairs": service.datasets.info("mine").pair_count}
    examined = _done(service, service.tasks.start(EXAMINE, "mine", {"dataset": "mine"}))
    checkup = service.datasets.checkup("mine")
    assert checkup is not None
    assert (checkup.revision, checkup.report["verdict"]) == (1, examined.result and examined.result["verdict"])
    _done(service, service.tasks.start(MAP, "mine", {"dataset": "mine"}))
    drawn = service.workshop.map("mine")
    assert drawn is not None
    assert {point.row_id for point in drawn.points} == {row.id for row in service.datasets.page("mine", 1, 1_000).rows}
    written = _done(service, service.tasks.start(WRITE, "mine csv", {"dataset": "mine", "format": "csv"}))
    assert written.result is not None
    again = ImportRequest(Path(written.result["path"]), "again")
    service.workshop.bring_in(again)
    assert service.datasets.pairs("again") == service.datasets.pairs("mine")


def test_an_import_that_is_called_off_leaves_nothing(service: DLCodeGen, big_table: Path) -> None:
    task = service.tasks.start(IMPORT, "big", ImportRequest(big_table, "big").to_json())
    _until(service, task, lambda state: state.what == "storing pairs" and state.done > 0)
    service.tasks.cancel(task)
    assert service.datasets.infos() == []
    service.workshop.bring_in(ImportRequest(big_table.with_name("big.jsonl"), "big"))
    assert service.datasets.info("big").pair_count == 150_000


def test_an_import_that_is_killed_leaves_nothing_to_be_seen(service: DLCodeGen, big_table: Path) -> None:
    task = service.tasks.start(IMPORT, "big", ImportRequest(big_table, "big").to_json())
    _until(service, task, lambda state: state.what == "storing pairs" and state.done > 0)
    os.kill(service.tasks._workers[task].pid, signal.SIGKILL)
    state = _until(service, task, lambda state: not state.running)
    assert "ended from outside" in state.error
    assert service.datasets.infos() == []
    service.datasets.check_free("big")
