"""Jobs over HTTP, told from what their folders hold; that trainings really run is tested with the server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.serving.job_routes import JOBS, ROUTES
from dlcodegen_core.training.events import Event, Failed, PhaseProgress, Started, to_line
from dlcodegen_core.training.job import JobFolder, TrainRequest

HAPPENED = (Started(1.0), PhaseProgress("fitting", 1, 2, 0.5), Failed("The disk is full."))


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DLCodeGen]:
    service = DLCodeGen(Settings(home=tmp_path / "home", embedder="local"))
    monkeypatch.setattr(DLCodeGen, "_instance", service)
    yield service
    service.close()


@pytest.fixture
def client(service: DLCodeGen) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=ROUTES), base_url="http://127.0.0.1") as client:
        yield client


def a_job(service: DLCodeGen, number: int = 1, happened: tuple[Event, ...] = HAPPENED) -> JobFolder:
    folder = JobFolder(service.settings.jobs_folder / f"{number:06d}")
    folder.path.mkdir(parents=True)
    folder.write_request(TrainRequest("pairs", 1, TrainConfig(epochs=3), "mine"))
    with folder.open_events() as events:
        events.writelines(map(to_line, happened))
    return folder


def heard(text: str) -> list[tuple[str, str, dict]]:
    """Id, name and data of server-sent events."""
    fields = (dict(line.split(": ", 1) for line in part.splitlines()) for part in text.split("\n\n") if part)
    return [(field.get("id", ""), field["event"], json.loads(field["data"])) for field in fields]


def test_a_job_is_told_with_its_error(service: DLCodeGen, client: TestClient) -> None:
    a_job(service)
    told = client.get(f"{JOBS}/000001").json()
    assert (told["status"], told["error"], told["dataset"], told["name"]) == (
        "failed",
        "The disk is full.",
        "pairs",
        "mine",
    )
    assert told["events_url"] == f"{JOBS}/000001/events"


def test_jobs_are_listed_newest_first(service: DLCodeGen, client: TestClient) -> None:
    assert client.get(JOBS).json() == {"jobs": []}
    a_job(service, 1), a_job(service, 2)
    assert [job["job"] for job in client.get(JOBS).json()["jobs"]] == ["000002", "000001"]


def test_events_are_told_with_their_numbers_and_end_with_the_job(service: DLCodeGen, client: TestClient) -> None:
    a_job(service)
    answer = client.get(f"{JOBS}/000001/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [(number, name) for number, name, _data in heard(answer.text)] == [
        ("1", "started"), ("2", "phase"), ("3", "failed"), ("", "end"),
    ]  # fmt: skip
    assert heard(answer.text)[1][2] == {"phase": "fitting", "done": 1, "total": 2, "seconds": 0.5}
    assert heard(answer.text)[-1][2] == {"job": "000001", "status": "failed"}


def test_whoever_comes_back_hears_only_what_is_new(service: DLCodeGen, client: TestClient) -> None:
    a_job(service)
    answer = client.get(f"{JOBS}/000001/events", headers={"Last-Event-ID": "2"})
    assert [name for _number, name, _data in heard(answer.text)] == ["failed", "end"]


@pytest.mark.parametrize("given", ["-1", "two", "9" * 10, "²"])
def test_an_event_id_that_was_never_given_is_refused(service: DLCodeGen, client: TestClient, given: str) -> None:
    a_job(service)
    headers = {"Last-Event-ID": given.encode("utf-8")}
    answer = client.get(f"{JOBS}/000001/events", headers=headers)
    assert answer.status_code == 400 and "Last-Event-ID" in answer.json()["error"]


@pytest.mark.parametrize("job", ["000009", "x", "..%2f..%2fetc", "%00"])
@pytest.mark.parametrize("path", ["", "/events"])
def test_a_job_that_is_not_there_is_not_found(client: TestClient, job: str, path: str) -> None:
    assert client.get(f"{JOBS}/{job}{path}").status_code == 404


def test_an_interrupted_job_is_discarded(service: DLCodeGen, client: TestClient) -> None:
    a_job(service, happened=HAPPENED[:2])
    assert client.get(f"{JOBS}/000001").json()["status"] == "interrupted"
    assert client.post(f"{JOBS}/000001/discard").json()["status"] == "discarded"
    assert client.post(f"{JOBS}/000009/stop").status_code == 404


def test_a_training_on_nothing_is_refused(client: TestClient) -> None:
    answer = client.post(JOBS, json={"dataset": "nothing"})
    assert answer.status_code == 400 and "neither a stored dataset nor a path" in answer.json()["error"]


def test_another_host_hears_nothing(service: DLCodeGen, client: TestClient) -> None:
    a_job(service)
    for path in (JOBS, f"{JOBS}/000001", f"{JOBS}/000001/events"):
        assert client.get(path, headers={"host": "evil.example"}).status_code == 400
    assert client.post(f"{JOBS}/000001/discard", headers={"host": "evil.example"}).status_code == 400
