"""Tabby's health, settings and events; its completions share a path with OpenAI's, see `openai`."""

from dlcodegen_core.serving.described.openai import ERROR, TAG
from dlcodegen_core.serving.described.operation import JSON, Operation, Reply, in_query
from dlcodegen_core.serving.described.shapes import choice, flag, lenient, listed, text, whole, whole_record
from dlcodegen_core.serving.wire.fields import MAX_NAME_CHARACTERS
from dlcodegen_core.serving.wire.tabby import EVENTS

HEALTH = whole_record(
    model=text("The version that answers."),
    device=text(),
    arch=text(),
    cpu_info=text(),
    cpu_count=whole(low=1),
    cuda_devices=listed(text()),
    version=whole_record(build_date=text(), build_timestamp=text(), git_sha=text(), git_describe=text()),
)


def _health(method: str) -> Operation:
    return Operation(
        method,
        "/v1/health",
        TAG,
        "Tabby's health",
        "What a Tabby client asks before its first completion.",
        (Reply("The server and the version that answers.", {JSON: HEALTH}),),
        ERROR,
    )


OPERATIONS = (
    _health("GET"),
    _health("POST"),
    Operation(
        "GET",
        "/v1beta/server_setting",
        TAG,
        "What clients are asked to keep to",
        "Tabby clients are asked to send their statistics nowhere else.",
        (Reply("The settings.", {JSON: whole_record(disable_client_side_telemetry=flag())}),),
        ERROR,
    ),
    Operation(
        "POST",
        "/v1/events",
        TAG,
        "What became of a completion",
        "`select` says that it was accepted, and is learned from; `dismiss`, that it was not; `view` is taken note of "
        "and says nothing. An id that is not known any more is answered all the same.",
        (Reply("It was heard."),),
        ERROR,
        lenient(
            ("type", "completion_id"),
            type=choice("", *EVENTS),
            completion_id=text("The `id` of a reply of /v1/completions.", minLength=1, maxLength=MAX_NAME_CHARACTERS),
            choice_index=whole("Which of its choices.", 0, default=0),
            select_kind=text("`line`: only the first line was taken."),
            elapsed=whole("Milliseconds since it was shown; not looked at."),
        ),
        {"type": "select", "completion_id": "cmpl-6f1d0c0f6f0b4f3f8f0e7c3a1b2c3d4e", "choice_index": 0},
        (in_query("select_kind", "The same as in the body.", text()),),
    ),
)
