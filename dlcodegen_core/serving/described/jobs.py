"""Trainings that go on when nobody listens."""

from dlcodegen_core.serving.described.design import ERROR, JOB, STARTED, TRAINING
from dlcodegen_core.serving.described.operation import EVENTS, JSON, Operation, Reply, in_header, in_path
from dlcodegen_core.serving.described.shapes import (
    closed,
    events,
    flag,
    listed,
    one_of_needed,
    or_null,
    record,
    text,
    whole_record,
)

TAG = "Jobs"
JOBS = "/api/dl-codegen/jobs"
_ID = (in_path("job", "The job's id.", example="000001"),)
_TOLD = (Reply("Where it stands.", {JSON: JOB}),)

OPERATIONS = (
    Operation(
        "POST",
        JOBS,
        TAG,
        "Begin a training",
        "It goes on when the connection closes, and one after the other.",
        (STARTED,),
        ERROR,
        one_of_needed(closed(record((), **TRAINING, wait=or_null(flag("Not looked at.")))), "dataset", "datasetPath"),
        {"dataset": "Demo: Python basics", "config": {"epochs": 5}, "name": "nightly"},
    ),
    Operation(
        "GET",
        JOBS,
        TAG,
        "The jobs",
        "The newest hundred, the newest first.",
        (Reply("The jobs.", {JSON: whole_record(jobs=listed(JOB))}),),
        ERROR,
    ),
    Operation(
        "GET", f"{JOBS}/{{job}}", TAG, "One job", "With its result once it is over.", _TOLD, ERROR, parameters=_ID
    ),
    Operation(
        "GET",
        f"{JOBS}/{{job}}/events",
        TAG,
        "What happens",
        "All events from the first on, then each as it comes, then `end`. A comment every 15 seconds keeps the "
        "connection open.",
        (Reply("The events.", {EVENTS: events("A JSON object; `event` says of what kind.")}),),
        ERROR,
        parameters=(
            *_ID,
            in_header("Last-Event-ID", "Only what came after this one.", text(pattern=r"^[0-9]{0,9}$")),
        ),
    ),
    Operation(
        "POST",
        f"{JOBS}/{{job}}/stop",
        TAG,
        "Stop a job",
        "What it has learned so far is kept as a version.",
        _TOLD,
        ERROR,
        parameters=_ID,
    ),
    Operation(
        "POST",
        f"{JOBS}/{{job}}/discard",
        TAG,
        "Discard a job",
        "Nothing of it is kept.",
        _TOLD,
        ERROR,
        parameters=_ID,
    ),
)
