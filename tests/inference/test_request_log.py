"""What recent requests took."""

import logging

from dlcodegen_core.inference.request_log import REQUESTS_KEPT, RequestLog


def test_each_request_logs_one_block(caplog):
    with caplog.at_level(logging.INFO, "dlcodegen_core.performance"):
        RequestLog().add({"cache look-up": 0.01, "embedding": 4.0}, False, "v3", 0.5)
    (record,) = caplog.records
    assert record.message.startswith("[DL-Performance] Cache MISS, version v3")
    assert "embedding: 4.000 ms" in record.message
    assert "total: 4.010 ms" in record.message


def test_percentiles_are_by_stage_and_apart_for_cached_answers():
    log = RequestLog(now=lambda: 0.0)
    for milliseconds in range(1, 101):
        log.add({"embedding": float(milliseconds)}, False, "v1", 0.5)
    log.add({"cache look-up": 0.01}, True, "v1", 0.5)
    by_stage = {row.stage: row for row in log.summaries()}
    assert (by_stage["embedding"].requests, round(by_stage["embedding"].p50_ms)) == (100, 50)
    assert round(by_stage["embedding"].p95_ms) == 95
    assert by_stage["total, from the cache"].requests == 1


def test_nothing_asked_gives_no_rows():
    assert RequestLog().summaries() == []


def test_only_the_latest_are_kept():
    log = RequestLog()
    for _ in range(REQUESTS_KEPT + 5):
        log.add({"forward": 1.0}, False, "v1", 0.5)
    assert len(log.records()) == REQUESTS_KEPT
