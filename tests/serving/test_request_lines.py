"""The lines of the request log: JSON for programs, words for people, and no line that a path could forge."""

import json
import logging
from collections.abc import Iterator

import pytest

from dlcodegen_core.inference.live_requests import LiveRequest
from dlcodegen_core.serving import request_lines
from dlcodegen_core.serving.request_lines import JsonLines, PlainLines, fields_of

ANSWERED = LiveRequest(
    "abc", "laptop", "POST /v1/completions", 1.5, 200, 12.3456, 70, 500, "v3", cached=True, tokens=14, answers=1
)


def _line(formatter: logging.Formatter, **fields: object) -> str:
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s", ("said",), None)
    if fields:
        record.fields = fields
    return formatter.format(record)


def test_a_line_tells_who_asked_what_and_how_it_went() -> None:
    assert fields_of(ANSWERED, "POST", "/v1/completions", "laptop") == {
        "at": "1970-01-01T00:00:01.500+00:00", "id": "abc", "key": "laptop", "method": "POST",
        "path": "/v1/completions", "status": 200, "ms": 12.346, "received_bytes": 70, "sent_bytes": 500,
        "version": "v3", "cached": True, "tokens": 14,
    }  # fmt: skip


def test_what_does_not_apply_is_left_out_and_a_path_is_cut() -> None:
    told = fields_of(LiveRequest("abc", "x", "GET /health", 0.0, 200), "GET", "/" + "x" * 500, "")
    assert not {"key", "version", "cached", "tokens"} & set(told)
    assert len(str(told["path"])) == request_lines.LONGEST_PATH


def test_the_same_line_for_programs_and_for_people() -> None:
    fields = fields_of(ANSWERED, "POST", "/v1/completions", "laptop")
    assert json.loads(_line(JsonLines(), **fields)) == fields
    plain = _line(PlainLines(), **fields)
    assert "200 POST /v1/completions  12.3 ms  v3 from the cache, 14 tokens  key laptop  [abc]" in plain


@pytest.mark.parametrize("path", ["/a\n12:00:00  200 GET /forged", "/\x1b[31m", '/"}{', "/\u2028x"])
def test_no_path_can_write_a_line_of_its_own(path: str) -> None:
    fields = fields_of(ANSWERED, "GET", path, "")
    for formatter in (JsonLines(), PlainLines()):
        assert len(_line(formatter, **fields).splitlines()) == 1
        assert "\x1b" not in _line(formatter, **fields)


def test_a_record_without_fields_is_told_as_it_is() -> None:
    assert json.loads(_line(JsonLines())) == {"message": "said"}
    assert _line(PlainLines()) == "said"


@pytest.fixture
def unwritten() -> Iterator[None]:
    """The log before anybody writes it."""
    log, kept = request_lines.logger, (request_lines.logger.handlers[:], request_lines.logger.propagate)
    log.handlers.clear()
    yield
    log.handlers[:], log.propagate = kept


@pytest.mark.usefixtures("unwritten")
@pytest.mark.parametrize(("log_format", "is_json"), [("json", True), ("", True), ("text", False)])
def test_the_format_is_chosen_and_json_where_nobody_reads(
    capsys: pytest.CaptureFixture[str], log_format: str, is_json: bool
) -> None:
    request_lines.start_writing(log_format)
    request_lines.start_writing("text" if is_json else "json")  # only the first call counts
    request_lines.write(ANSWERED, "POST", "/v1/completions", "laptop")
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("{") == is_json
