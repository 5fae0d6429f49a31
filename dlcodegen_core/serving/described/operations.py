"""For those who keep the server: whether it lives, whether it can answer, its figures, and this document."""

from dlcodegen_core.serving.described.design import ERROR
from dlcodegen_core.serving.described.operation import JSON, PLAIN, Operation, Reply
from dlcodegen_core.serving.described.shapes import record, text, whole_record

TAG = "Operations"
OPENAPI, PAGE = "/openapi.json", "/docs/api"

OPERATIONS = (
    Operation(
        "GET",
        "/health",
        TAG,
        "Whether it lives",
        "Open to everybody who reaches the server; says nothing more.",
        (Reply("It does.", {JSON: record(("status",), status=text(const="ok"))}, {"status": "ok"}),),
        ERROR,
        needs_key=False,
    ),
    Operation(
        "GET",
        "/ready",
        TAG,
        "Whether it can answer",
        "Open to everybody who reaches the server. A model that is still being loaded is not ready.",
        (
            Reply("It can.", {JSON: record(("status",), status=text(const="ready"))}, {"status": "ready"}),
            Reply(
                "It cannot, and this is why.",
                {
                    JSON: record(
                        ("status",),
                        status=text(const="not ready"),
                        database=text("What is wrong with it."),
                        model=text("What is wrong with it."),
                    )
                },
                {"status": "not ready", "model": "There is no model yet. Train one."},
                503,
            ),
        ),
        ERROR,
        needs_key=False,
    ),
    Operation(
        "GET",
        "/metrics",
        TAG,
        "Its figures",
        "For Prometheus: requests, latencies by stage, caches, the queue, trainings.",
        (Reply("The figures, in Prometheus' text format.", {PLAIN: text()}),),
        ERROR,
    ),
    Operation(
        "GET",
        OPENAPI,
        TAG,
        "This document",
        "OpenAPI 3.1, made from what each route takes and gives.",
        (Reply("The document.", {JSON: whole_record(openapi=text(), info=record(), paths=record())}),),
        ERROR,
    ),
    Operation(
        "GET",
        PAGE,
        TAG,
        "This document as a page",
        "For reading, without anything from elsewhere.",
        (Reply("The page.", {"text/html": text()}),),
        ERROR,
    ),
)
